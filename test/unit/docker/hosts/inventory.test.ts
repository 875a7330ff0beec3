import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { machinesOf, readInventory } from "../../../../lib/docker/hosts/inventory";

const folder = mkdtempSync(join(tmpdir(), "inventory-"));
const file = join(folder, "machines.yaml");
const shown = relative(process.cwd(), file);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function read(...lines: readonly string[]) {
  writeFileSync(file, lines.join("\n"));
  return readInventory(file);
}

const HOST = ["hosts:", "  - name: a", "    sshHost: 10.0.0.1", "    address: 10.1.0.1"];

test("an inventory has every property of the machines", () => {
  const inventory = read(
    "# ours",
    "subnetCidr: 10.1.0.0/24",
    "sshUser: ops",
    "sshPort: 2222",
    "sshOptions: [IdentityFile=~/.ssh/x]",
    ...HOST,
    "    sshUser: root",
    "    sshPort: 22",
    "    sshOptions: []",
    "    architecture: arm64",
    "    acceleratorCount: 8",
    "    deviceIps: [192.168.100.1]",
    "    driverPaths: [/usr/local/sbin/npu-smi]",
    "    pool: npu",
    "    status: retired",
  );
  expect(inventory).toMatchObject({
    file: shown,
    isUnreadable: false,
    findings: { file: [], syntax: [], kind: [], name: [], missing: [] },
    subnetCidr: "10.1.0.0/24",
    sshUser: "ops",
    sshPort: 2222,
    sshOptions: ["IdentityFile=~/.ssh/x"],
    hosts: [
      {
        name: "a",
        sshHost: "10.0.0.1",
        address: "10.1.0.1",
        sshUser: "root",
        sshPort: 22,
        sshOptions: [],
        architecture: "arm64",
        acceleratorCount: 8,
        deviceIps: ["192.168.100.1"],
        driverPaths: ["/usr/local/sbin/npu-smi"],
        pool: "npu",
        status: "retired",
      },
    ],
  });
});

test.each<[string, string[], object]>([
  ["the file", ["sshUser: ops", "sshPort: 2222"], { sshUser: "ops", sshPort: 2222, sshOptions: [] }],
  ["the library", [], { sshUser: "root", sshPort: 22, sshOptions: [] }],
])("a machine without ssh settings has those of %s", (_, lines, expected) => {
  expect(machinesOf(read(...lines, ...HOST))).toEqual([expect.objectContaining(expected)]);
});

test.each([
  ["hosts[0].address", ":5"],
  ["hosts[0].pool", ":3"],
  ["hosts[0].deviceIps[3]", ":6"],
  ["hosts[4].name", ":2"],
  ["sshUser", ":1"],
  ["inventory", ":1"],
])("backend.%s is located at its own line or its parent's", (path, line) => {
  const inventory = read("subnetCidr: 10.1.0.0/24", ...HOST, "    deviceIps:", "      - x");
  expect(inventory.locate(`backend.${path}`)).toBe(`backend.${path} (${shown}${line})`);
});

test("an alias stands for the value of its anchor", () => {
  const { hosts, findings } = read("subnetCidr: &net 10.1.0.0/24", "sshUser: *net", ...HOST);
  expect([hosts.length, Object.values(findings).flat()]).toEqual([1, []]);
});

test("a property that no inventory has is not located in the file", () => {
  expect(read(...HOST).locate("backend.cpusPerNode")).toBe("backend.cpusPerNode");
});

test.each([
  ["a missing file", () => readInventory(join(folder, "none.yaml")), "file"],
  ["a file that is not YAML", () => read("hosts: [", "  - a"), "syntax"],
  ["an alias without an anchor", () => read("hosts: *all"), "syntax"],
] as const)("%s is unreadable with one finding", (_, unreadable, kind) => {
  const { isUnreadable, hosts, findings } = unreadable();
  expect([isUnreadable, hosts]).toEqual([true, []]);
  expect(Object.values(findings).flat()).toEqual(findings[kind]);
  expect(findings[kind]).toHaveLength(1);
});
