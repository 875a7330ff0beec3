/**
 * Two existing machines as this library plans them, for attacks with a real Ray: what their node programs, their packet
 * filters and the review are told. Reads the compiled library.
 *
 * node hosts_plan.cjs <Ray's version> <address of the head> <address of the worker> <subnet>
 */
const { mkdtempSync, rmSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join } = require("node:path");
const { App, TerraformStack } = require("cdktf");

const LIBRARY = join(__dirname, "..", "..", "dist", "lib");
const { Accelerator, ContainerImage, EmulatedServe, Fabric, PacketFilter, RayCluster } = require(LIBRARY);
const { HostsBackend } = require(join(LIBRARY, "docker/hosts"));
const { filterFacts } = require(join(LIBRARY, "bootstrap/filter-facts"));
const { hostsPlaceFacts } = require(join(LIBRARY, "docker/hosts/place-facts"));
const { nodeConfig } = require(join(LIBRARY, "runtime/node-config/node-config"));
const { sockets } = require(join(LIBRARY, "review/reach"));

const [rayVersion, head, worker, subnetCidr] = process.argv.slice(2);
const filter = PacketFilter.nftables();
const outdir = mkdtempSync(join(tmpdir(), "ray-cluster-plan-"));
try {
  const stack = new TerraformStack(new App({ outdir }), "attacked");
  const { plan } = new RayCluster(stack, "attacked", {
    backend: new HostsBackend({
      subnetCidr,
      hosts: [head, worker].map((address, index) => ({ name: `npu-${index}`, sshHost: address, address })),
      packetFilter: filter,
    }),
    pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB, acceleratorsPerNode: 8 }],
    fabric: Fabric.TCP,
    image: ContainerImage.of(`registry.example/ray@sha256:${"0123456789abcdef".repeat(4)}`, { rayVersion }),
    engine: new EmulatedServe(),
    allowUnauthenticatedRay: "an attack that a test runs",
  });
  const nodes = plan.nodes.map((node) => ({
    config: nodeConfig(plan, node),
    filter: filterFacts(plan, node, filter, 22),
  }));
  const said = { nodes, ports: plan.ports, sockets: sockets(plan, hostsPlaceFacts(plan, filter)) };
  process.stdout.write(JSON.stringify(said));
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
