import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { assign } from "../../../../lib/docker/hosts/assignment";
import { type HostMachine, withDefaults } from "../../../../lib/docker/hosts/host-machine";
import type { HostsDeclaration } from "../../../../lib/docker/hosts/hosts-declaration";
import { machinesOf, readInventory } from "../../../../lib/docker/hosts/inventory";
import { checkHosts, checkMachines, HOSTS_TOPICS } from "../../../../lib/docker/hosts/rules";
import { problemLine } from "../../../../lib/problems/plan-error";
import type { Problem } from "../../../../lib/problems/problem";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { NodePool } from "../../../../lib/topology/declaration/cluster-props";
import { PacketFilter } from "../../../../lib/topology/declaration/packet-filter";
import { expectGolden } from "../../../support/golden";

const NPU: NodePool = { name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB };
const SETTINGS = {
  subnetCidr: "10.1.0.0/24",
  imagePullTimeoutSeconds: 7200,
  registryLogins: [],
  packetFilter: PacketFilter.nftables(),
};

const folder = mkdtempSync(join(tmpdir(), "hosts-rules-"));
const file = join(folder, "machines.yaml");

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function host(index: number, change: Partial<HostMachine> = {}): HostMachine {
  return { name: `atlas-${index}`, sshHost: `10.0.0.${index}`, address: `10.1.0.${index}`, ...change };
}

function declare(hosts: readonly HostMachine[], settings: Partial<HostsDeclaration> = {}): HostsDeclaration {
  return { ...SETTINGS, machines: hosts.map((one) => withDefaults(one, {})), ...settings };
}

function fromYaml(...lines: readonly string[]): HostsDeclaration {
  writeFileSync(file, lines.join("\n"));
  return fromFile();
}

function fromNothing(): HostsDeclaration {
  rmSync(file, { force: true });
  return fromFile();
}

function fromFile(): HostsDeclaration {
  const inventory = readInventory(file);
  return { ...SETTINGS, subnetCidr: inventory.subnetCidr, machines: machinesOf(inventory), inventory };
}

function check(declaration: HostsDeclaration, pools: readonly NodePool[] = [NPU]): readonly Problem[] {
  const assignment = assign(declaration.machines, pools);
  const short = (text: string) =>
    text.replace(relative(process.cwd(), file), "machines.yaml").replace(file, "machines.yaml");
  return checkHosts(declaration, { pools, assignment }).map((problem) => ({
    ...problem,
    path: short(problem.path),
    got: short(problem.got),
  }));
}

const first = (change: Partial<HostMachine>, settings: Partial<HostsDeclaration> = {}) =>
  declare([host(1, change), host(2)], settings);
/** Two machines in service, and one as changed before them. */
const threeWith = (change: Partial<HostMachine>) => declare([host(3, change), host(1), host(2)]);
const settings = (change: Partial<HostsDeclaration>) => declare([host(1), host(2)], change);
const ips = (from: number) => Array.from({ length: 8 }, (_, index) => `192.168.100.${from + index}`);
const NETWORK = "subnetCidr: 10.1.0.0/24";
const yaml = (...machine: readonly string[]) => fromYaml(NETWORK, "hosts:", ...machine);
const A = "{ name: a, sshHost: a.lan, address: 10.1.0.1 }";

/** One mistake each: rule, path below `backend`, what was given, and the declaration. */
const BAD: readonly (readonly [string, string, string, () => HostsDeclaration])[] = [
  ["RC301", "hosts", "no machine", () => declare([])],
  ["RC301", "hosts", "no machine in service", () => declare([host(1, { status: "lost" })])],
  ["RC327", "hosts[0].status", "'dead'", () => threeWith({ status: "dead" })],
  ["RC302", "hosts[0].name", "'Atlas'", () => first({ name: "Atlas" })],
  ["RC302", "hosts[0].name", "nothing", () => first({ name: "" })],
  ["RC303", "hosts[1].name", "'atlas-2'", () => first({ name: "atlas-2" })],
  ["RC304", "hosts[0].sshHost", "'-oProxyCommand=x'", () => first({ sshHost: "-oProxyCommand=x" })],
  ["RC304", "hosts[0].sshHost", "'root@10.0.0.1'", () => first({ sshHost: "root@10.0.0.1" })],
  ["RC305", "hosts[1].sshHost", "'10.0.0.2:22'", () => first({ sshHost: "10.0.0.2" })],
  ["RC306", "hosts[0].sshUser", "'-l'", () => first({ sshUser: "-l" })],
  ["RC307", "hosts[0].sshPort", "0", () => first({ sshPort: 0 })],
  ["RC307", "hosts[0].sshPort", "22.5", () => first({ sshPort: 22.5 })],
  ["RC308", "hosts[0].sshOptions[1]", "'-v'", () => first({ sshOptions: ["User=a", "-v"] })],
  ["RC309", "hosts[0].architecture", "'aarch64'", () => first({ architecture: "aarch64" })],
  ["RC310", "hosts[1].pool", "'npx'", () => declare([host(1, { pool: "npu" }), host(2, { pool: "npx" })])],
  ["RC325", "hosts[1].pool", "nothing", () => first({ pool: "npu" })],
  ["RC311", "hosts[0].acceleratorCount", "7", () => first({ acceleratorCount: 7 })],
  ["RC312", "hosts[0].deviceIps", "2 addresses", () => first({ deviceIps: ips(1).slice(6) })],
  ["RC321", "hosts[0].acceleratorCount", "-1", () => first({ acceleratorCount: -1 })],
  ["RC312", "hosts[0].deviceIps", "7 addresses", () => first({ deviceIps: ips(1).slice(1) })],
  ["RC323", "hosts[0].deviceIps[7]", "'x'", () => first({ deviceIps: [...ips(1).slice(1), "x"] })],
  [
    "RC324",
    "hosts[1].deviceIps[0]",
    "'192.168.100.8'",
    () => declare([host(1, { deviceIps: ips(1) }), host(2, { deviceIps: ips(8) })]),
  ],
  ["RC322", "hosts[0].driverPaths[0]", "'npu-smi'", () => first({ driverPaths: ["npu-smi"] })],
  ["RC315", "hosts[0].driverPaths[0]", "'/opt/x'", () => first({ driverPaths: ["/opt/x"] })],
  ["RC314", "registryLogins[1]", "'https://a'", () => settings({ registryLogins: ["a", "https://a"] })],
  ["RC326", "imagePullTimeoutSeconds", "59", () => settings({ imagePullTimeoutSeconds: 59 })],
  [
    "RC300",
    "inventory (machines.yaml)",
    "ENOENT: no such file or directory, open 'machines.yaml'",
    fromNothing,
  ],
  ["RC316", "inventory (machines.yaml:1)", expect.any(String), () => fromYaml("hosts: [")],
  ["RC317", "inventory (machines.yaml)", "nothing", () => fromYaml("")],
  ["RC317", "hosts (machines.yaml:1)", "nothing", () => fromYaml(NETWORK)],
  ["RC317", "hosts[0] (machines.yaml:3)", "'a'", () => yaml("  - a")],
  [
    "RC317",
    "hosts[0].sshPort (machines.yaml:4)",
    "'x'",
    () => yaml(`  - ${A.slice(0, -2)},`, "      sshPort: x }"),
  ],
  ["RC317", "hosts[0].name (machines.yaml:3)", "1", () => yaml(`  - ${A.replace(": a,", ": 1,")}`)],
  [
    "RC317",
    "hosts[0].deviceIps (machines.yaml:3)",
    "'x'",
    () => yaml(`  - ${A.replace("}", ", deviceIps: x }")}`),
  ],
  [
    "RC317",
    "hosts[0].deviceIps (machines.yaml:3)",
    "a list",
    () => yaml(`  - ${A.replace("}", ", deviceIps: [1] }")}`),
  ],
  ["RC318", "subnet (machines.yaml:1)", "'subnet'", () => fromYaml("subnet: x", NETWORK, `hosts: [${A}]`)],
  [
    "RC318",
    "hosts[0].adress (machines.yaml:3)",
    "'adress'",
    () => yaml(`  - ${A.replace("}", ", adress: x }")}`),
  ],
  ["RC319", "hosts[0].address (machines.yaml:3)", "nothing", () => yaml("  - { name: a, sshHost: a.lan }")],
  ["RC320", "subnetCidr (machines.yaml:1)", "nothing", () => fromYaml(`hosts: [${A}]`)],
];

test.each(BAD)("%s reports backend.%s", (rule, path, got, declaration) => {
  expect(check(declaration())).toEqual([
    expect.objectContaining({ rule, level: "error", path: `backend.${path}`, got }),
  ]);
});

test("every rule has a bad input and an id of its own", () => {
  const ids = HOSTS_TOPICS.flatMap(({ rules }) => rules.map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(BAD.map(([rule]) => rule))).toEqual(new Set(ids));
});

test("the sentences of all rules", () => {
  const lines = BAD.flatMap(([, , , declaration]) => check(declaration()).map(problemLine));
  expectGolden(join(__dirname, "golden/problems.txt"), `${lines.join("\n")}\n`);
});

test("complete machines and minimal ones have no problem", () => {
  expect(check(settings({}))).toEqual([]);
  const full = { architecture: "arm64", acceleratorCount: 8, sshUser: "ops", sshPort: 2222, pool: "npu" };
  const options = { sshOptions: ["ProxyCommand=ssh -W %h:%p jump", "IdentityFile=~/.ssh/x"] };
  const driver = { driverPaths: ["/usr/local/sbin/npu-smi"] };
  const hosts = [
    host(1, { ...full, ...driver, deviceIps: ips(1) }),
    host(2, { ...full, ...options, deviceIps: ips(11) }),
  ];
  const sizes = { cpusPerNode: 1, objectStoreMiB: 75, sharedMemoryMiB: 75 };
  expect(check(declare(hosts, { ...sizes, registryLogins: ["quay.io", "r.lan:5000"] }))).toEqual([]);
});

test.each(["atlas", "atlas-01.rack.internal", "10.0.0.9", "fd00::9", "ATLAS_1"])(
  "%s is a valid target of ssh",
  (sshHost) => {
    expect(check(first({ sshHost }))).toEqual([]);
  },
);

test.each<[string, Partial<HostMachine>]>([
  ["retired", { status: "retired" }],
  ["lost", { status: "lost" }],
  ["lost, with the device addresses of another", { status: "lost", deviceIps: ips(1) }],
  ["retired, with too few accelerators", { status: "retired", acceleratorCount: 1 }],
  ["retired, of a pool that is gone", { status: "retired", pool: "old" }],
])("a machine that is %s has no problem beside machines in service", (_, change) => {
  expect(check(declare([host(1, { deviceIps: ips(1) }), host(3, change), host(2)]))).toEqual([]);
});

test("a machine that is lost is still one machine with one name", () => {
  const problems = check(declare([host(1), host(2), host(1, { status: "lost" })]));
  expect(problems.map(({ rule, path }) => [rule, path])).toEqual([
    ["RC303", "backend.hosts[2].name"],
    ["RC305", "backend.hosts[2].sshHost"],
  ]);
});

test("two ports of one address are two machines", () => {
  expect(check(first({ sshHost: "10.0.0.2", sshPort: 2201 }))).toEqual([]);
});

test("a machine is compared with its own pool", () => {
  const pools = [
    { name: "head", nodes: 1 },
    { ...NPU, nodes: 1, acceleratorsPerNode: 16 },
  ];
  const machines = declare([host(1, { acceleratorCount: 0 }), host(2, { acceleratorCount: 8 })]);
  expect(check(machines, pools).map(({ rule, path }) => [rule, path])).toEqual([
    ["RC311", "backend.hosts[1].acceleratorCount"],
  ]);
});

describe("a machine whose pool has chosen devices 4 to 6", () => {
  const chosen = { name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB, devices: [4, 5, 6] };
  const rulesOf = (change: Partial<HostMachine>) =>
    check(first(change), [chosen]).map(({ rule, got }) => `${rule} ${got}`);

  test.each<[string, Partial<HostMachine>]>([
    ["as many accelerators as the last one needs", { acceleratorCount: 7 }],
    ["the addresses of these devices", { deviceIps: ips(1).slice(5) }],
    ["the addresses of all devices", { deviceIps: ips(1) }],
    ["the addresses of all devices and their number", { deviceIps: ips(1), acceleratorCount: 8 }],
    [
      "the addresses of these devices and the number of all",
      { deviceIps: ips(1).slice(5), acceleratorCount: 8 },
    ],
  ])("may have %s", (_, change) => {
    expect(rulesOf(change)).toEqual([]);
  });

  test.each<[string, Partial<HostMachine>, string]>([
    ["fewer accelerators", { acceleratorCount: 6 }, "RC311 6"],
    ["addresses that end before the last device", { deviceIps: ips(1).slice(2) }, "RC312 6 addresses"],
    [
      "another number of addresses than devices",
      { deviceIps: ips(1).slice(1), acceleratorCount: 8 },
      "RC312 7 addresses",
    ],
  ])("has a problem with %s", (_, change, expected) => {
    expect(rulesOf(change)).toEqual([expected]);
  });
});

test("all mistakes of an inventory and of its machines are reported at once", () => {
  const problems = check(
    yaml("  - { sshPort: x, sshHost: -v, adress: y }", `  - ${A.replace("a.lan", "-v")}`),
  );
  expect(problems.map(({ rule, path }) => `${rule} ${path.slice(0, path.indexOf(" "))}`)).toEqual([
    "RC317 backend.hosts[0].sshPort",
    "RC318 backend.hosts[0].adress",
    "RC319 backend.hosts[0].name",
    "RC319 backend.hosts[0].address",
    "RC304 backend.hosts[0].sshHost",
    "RC304 backend.hosts[1].sshHost",
    "RC305 backend.hosts[1].sshHost",
  ]);
});

test("machines alone are judged without pools and network", () => {
  const declaration = fromYaml(`hosts: [${A.replace("}", ", pool: x }")}]`);
  expect(checkMachines(declaration)).toEqual([]);
});
