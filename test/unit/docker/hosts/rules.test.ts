import { type HostMachine, withDefaults } from "../../../../lib/docker/hosts/host-machine";
import { checkHosts, type HostsSettings } from "../../../../lib/docker/hosts/rules";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { NodePool } from "../../../../lib/topology/declaration/cluster-props";

const DEFAULTS = { sshUser: "root", sshPort: 22, sshOptions: [] };
const NPU: NodePool = { name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB };

function host(index: number, change: Partial<HostMachine> = {}): HostMachine {
  return { name: `atlas-${index}`, sshHost: `10.0.0.${index}`, address: `10.1.0.${index}`, ...change };
}

/** `rule path got` of everything that is wrong. */
function check(
  hosts: readonly HostMachine[],
  settings: Partial<HostsSettings> = {},
  pools: readonly NodePool[] = [NPU],
): string[] {
  const machines = hosts.map((one) => withDefaults(one, DEFAULTS));
  const problems = checkHosts(
    { machines, imagePullTimeoutSeconds: 7200, registryLogins: [], ...settings },
    { clusterName: "c1", pools },
  );
  for (const { level, allowed, fix } of problems) {
    expect([level, allowed === "", fix === ""]).toEqual(["error", false, false]);
  }
  return problems.map(({ rule, path, got }) => `${rule} ${path} ${got}`);
}

const ips = (from: number) => Array.from({ length: 8 }, (_, index) => `192.168.100.${from + index}`);

test("nothing is wrong with machines that say everything, or only what they must", () => {
  expect(check([host(1), host(2)])).toEqual([]);
  const full = { architecture: "arm64", acceleratorCount: 8, sshUser: "ops", sshPort: 2222, pool: "npu" };
  const option = { sshOptions: ["ProxyCommand=ssh -W %h:%p jump", "IdentityFile=~/.ssh/x"] };
  const hosts = [
    host(1, { ...full, deviceIps: ips(1) }),
    host(2, { ...full, ...option, deviceIps: ips(11) }),
  ];
  expect(check(hosts, { cpusPerNode: 1, objectStoreMiB: 75, sharedMemoryMiB: 75 })).toEqual([]);
});

test("names and addresses of ssh may be what a person has", () => {
  for (const sshHost of ["atlas", "atlas-01.rack.internal", "10.0.0.9", "fd00::9", "ATLAS_1"]) {
    expect(check([host(1, { sshHost }), host(2)])).toEqual([]);
  }
});

test.each<[Partial<HostMachine>, string]>([
  [{ name: "Atlas" }, "RC302 hosts[0].name 'Atlas'"],
  [{ name: "" }, "RC302 hosts[0].name nothing"],
  [{ name: "atlas-2" }, "RC303 hosts[1].name 'atlas-2'"],
  [{ sshHost: "-oProxyCommand=reboot" }, "RC304 hosts[0].sshHost '-oProxyCommand=reboot'"],
  [{ sshHost: "root@10.0.0.1" }, "RC304 hosts[0].sshHost 'root@10.0.0.1'"],
  [{ sshHost: "10.0.0.2" }, "RC305 hosts[1].sshHost '10.0.0.2:22'"],
  [{ sshUser: "-l" }, "RC306 hosts[0].sshUser '-l'"],
  [{ sshPort: 0 }, "RC307 hosts[0].sshPort 0"],
  [{ sshPort: 22.5 }, "RC307 hosts[0].sshPort 22.5"],
  [{ sshOptions: ["IdentityFile ~/.ssh/x"] }, "RC308 hosts[0].sshOptions[0] 'IdentityFile ~/.ssh/x'"],
  [{ sshOptions: ["User=a", "-v"] }, "RC308 hosts[0].sshOptions[1] '-v'"],
  [{ architecture: "aarch64" }, "RC309 hosts[0].architecture 'aarch64'"],
  [{ acceleratorCount: 7 }, "RC311 hosts[0].acceleratorCount 7"],
  [{ acceleratorCount: -1 }, "RC311 hosts[0].acceleratorCount -1"],
  [{ driverPaths: ["npu-smi"] }, "RC315 hosts[0].driverPaths[0] 'npu-smi'"],
  [{ driverPaths: ["/usr/local/sbin/npu-smi", "/opt/x"] }, "RC315 hosts[0].driverPaths[1] '/opt/x'"],
  [{ deviceIps: ips(1).slice(1) }, "RC312 hosts[0].deviceIps 7 addresses"],
  [{ deviceIps: [...ips(1).slice(1), "x"] }, "RC312 hosts[0].deviceIps[7] 'x'"],
  [{ deviceIps: [...ips(1).slice(1), "192.168.100.2"] }, "RC312 hosts[0].deviceIps[7] '192.168.100.2'"],
])("says what is wrong with %j", (change, expected) => {
  expect(check([host(1, change), host(2)])).toEqual([expected]);
});

test("one device address belongs to one machine", () => {
  const hosts = [host(1, { deviceIps: ips(1) }), host(2, { deviceIps: ips(8) })];
  expect(check(hosts)).toEqual(["RC312 hosts[1].deviceIps[0] '192.168.100.8'"]);
});

test("two ports of one address are two machines", () => {
  expect(check([host(1, { sshHost: "10.0.0.2", sshPort: 2201 }), host(2)])).toEqual([]);
});

test("either all machines name a pool that exists, or none", () => {
  expect(check([host(1, { pool: "npu" }), host(2)])).toEqual(["RC310 hosts[1].pool nothing"]);
  expect(check([host(1, { pool: "npu" }), host(2, { pool: "npx" })])).toEqual(["RC310 hosts[1].pool 'npx'"]);
});

test("a machine gives what its own pool wants", () => {
  const pools: readonly NodePool[] = [
    { name: "head", nodes: 1 },
    { ...NPU, nodes: 1, acceleratorsPerNode: 16 },
  ];
  expect(check([host(1, { acceleratorCount: 0 }), host(2, { acceleratorCount: 8 })], {}, pools)).toEqual([
    "RC311 hosts[1].acceleratorCount 8",
  ]);
});

test.each<[Partial<HostsSettings>, string]>([
  [{ machines: [] }, "RC301 hosts no machine"],
  [{ cpusPerNode: 0 }, "RC313 cpusPerNode 0"],
  [{ objectStoreMiB: 74 }, "RC313 objectStoreMiB 74"],
  [{ objectStoreMiB: 200, sharedMemoryMiB: 199 }, "RC313 sharedMemoryMiB 199"],
  [{ registryLogins: ["quay.io", "https://quay.io"] }, "RC314 registryLogins[1] 'https://quay.io'"],
  [{ imagePullTimeoutSeconds: 59 }, "RC313 imagePullTimeoutSeconds 59"],
])("says what is wrong with the settings %j", (settings, expected) => {
  expect(check([host(1), host(2)], settings)).toEqual([expected]);
});
