import { App, TerraformStack } from "cdktf";
import { type HostMachine, withDefaults } from "../../../../lib/docker/hosts/host-machine";
import type { HostsDeclaration } from "../../../../lib/docker/hosts/hosts-declaration";
import { PacketFilter } from "../../../../lib/topology/declaration/packet-filter";
import { HostsSite } from "../../../../lib/docker/hosts/hosts-site";

const HOSTS: readonly HostMachine[] = [0, 1, 2].map((index) => ({
  name: `atlas-${index}`,
  sshHost: `10.20.0.1${index}`,
  address: `10.30.0.1${index}`,
}));

function open(change: Partial<HostsDeclaration> = {}): HostsSite {
  const pools = [
    { name: "head", nodes: 1 },
    { name: "npu", nodes: 2 },
  ];
  return new HostsSite(
    new TerraformStack(new App(), "test"),
    { clusterName: "c1", pools },
    {
      subnetCidr: "10.30.0.0/24",
      machines: HOSTS.map((host) => withDefaults(host, {})),
      imagePullTimeoutSeconds: 7200,
      registryLogins: [],
      packetFilter: PacketFilter.nftables(),
      ...change,
    },
  );
}

describe("HostsSite", () => {
  it("has the machines' network, addresses and device addresses by pool", () => {
    const machines = HOSTS.map((host) => withDefaults(host, {}));
    machines[1] = { ...machines[1], deviceIps: ["192.168.1.1"] };
    expect(open({ machines, cpusPerNode: 8 }).place).toEqual({
      backend: "hosts",
      subnetCidr: "10.30.0.0/24",
      nodeNames: { head: ["atlas-0"], npu: ["atlas-1", "atlas-2"] },
      addresses: { head: ["10.30.0.10"], npu: ["10.30.0.11", "10.30.0.12"] },
      deviceIps: { head: [[]], npu: [["192.168.1.1"], []] },
      networkMode: "host",
      closedBy: "nftables on each machine, for the ports of the cluster",
      clientCidrs: [],
      emulated: false,
      cpusPerNode: 8,
    });
  });

  it("reports problems of the machines under `backend`", () => {
    const machines = HOSTS.map((host) => withDefaults({ ...host, name: "A", sshPort: 0 }, {})).slice(0, 1);
    const paths = open({ machines }).problems.map(({ path }) => path);
    expect(paths).toEqual(["backend.hosts[0].name", "backend.hosts[0].sshPort"]);
  });

  it.each<[string, Partial<HostsDeclaration>]>([
    ["network", { subnetCidr: undefined }],
    ["address of a machine", { machines: [{ ...withDefaults(HOSTS[0], {}), address: undefined }] }],
  ])("without a %s has a place from which no further problem follows", (_, change) => {
    const { place } = open(change);
    expect(place).toMatchObject({ subnetCidr: "192.0.2.0/24", addresses: {}, headAddress: "192.0.2.1" });
  });
});
