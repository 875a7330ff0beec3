import { findAccelerator } from "../../catalog/accelerators";
import { oldestDriverOfCann } from "../../catalog/cann-drivers";
import { type EngineRelease, findEngineRelease } from "../../catalog/engine-releases";
import { rayVersionOf } from "../../catalog/ray-versions";
import { pulledImage } from "../../topology/declaration/derived-image";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { CONTAINER_PATHS } from "../paths";

/** The part of `node.json` that belongs to the node and not to what the cluster runs. */
export type NodeLife = ReturnType<typeof nodeLife>;

/**
 * What a container needs to join Ray. It names neither the engine nor the number of nodes, so that a change of them
 * changes nothing for a node that stays.
 *
 * @throws Error where the plan has no head address, which no checked plan has
 */
export function nodeLife(plan: ClusterPlan, node: NodePlan) {
  const { state, token, tlsAuthority, tlsCertificate, tlsKey, engineLog } = CONTAINER_PATHS;
  const head = plan.nodes[0];
  if (head?.address === undefined) {
    throw new Error(`the plan of '${plan.name}' has no head address`);
  }
  const { cluster, node: found } = plan.environment;
  return {
    cluster: plan.name,
    node: {
      name: node.address === undefined ? null : node.name,
      pool: node.pool,
      role: node.role,
      address: node.address ?? null,
      accelerators: acceleratorsOf(plan, node),
    },
    subnet: plan.subnetCidr,
    head: { name: head.name, address: head.address },
    ray: {
      version: plan.ray.version,
      authentication: plan.ray.authentication,
      tokenSince: rayVersionOf("token-authentication"),
      cpus: plan.ray.cpusPerNode ?? null,
      objectStoreBytes: plan.ray.objectStoreMiB === undefined ? null : plan.ray.objectStoreMiB * 1024 * 1024,
    },
    ports: portsOf(plan),
    environment: { shellFiles: plan.image.shellFiles, cluster, node: found, own: node.environment ?? {} },
    deadlines: {
      head: plan.deadlines.headSeconds,
      membership: plan.deadlines.membershipSeconds,
      stop: plan.deadlines.stopSeconds,
    },
    paths: { state, token, engineLog },
    preflight: hardwareOf(plan),
    // Absent, so that a node that has none is not another one.
    ...(plan.internodeTls
      ? { tls: { authority: tlsAuthority, certificate: tlsCertificate, key: tlsKey } }
      : {}),
  };
}

/** The text of `node.json` where the workload is delivered apart from it (schema 2). */
export function nodeLifeText(plan: ClusterPlan, node: NodePlan): string {
  return `${JSON.stringify({ schema: 2, ...nodeLife(plan, node) }, null, 2)}\n`;
}

function acceleratorsOf(plan: ClusterPlan, node: NodePlan) {
  const pool = plan.pools.find((candidate) => candidate.name === node.pool);
  const facts = pool && findAccelerator(pool.accelerator);
  return {
    planned: node.acceleratorCount,
    devices: node.devices ?? null,
    resource: facts?.rayResource ?? null,
    deviceGlob: facts?.deviceGlob ?? null,
    visibleDevicesVariable: facts?.visibleDevicesVariable ?? null,
  };
}

function portsOf(plan: ClusterPlan) {
  const port = (name: string) => {
    const found = plan.ports.find((candidate) => candidate.name === name);
    if (!found) {
      throw new Error(`the plan of '${plan.name}' has no port '${name}'`);
    }
    return found;
  };
  return {
    gcs: port("gcs").from,
    nodeManager: port("node-manager").from,
    objectManager: port("object-manager").from,
    runtimeEnvAgent: port("runtime-env-agent").from,
    dashboardAgentGrpc: port("dashboard-agent-grpc").from,
    dashboardAgentListen: port("dashboard-agent-listen").from,
    metricsExport: port("metrics-export").from,
    autoscalerMetrics: port("autoscaler-metrics").from,
    dashboardMetrics: port("dashboard-metrics").from,
    dashboard: port("dashboard").from,
    client: port("client").from,
    workersFrom: port("workers").from,
    workersTo: port("workers").to,
    nodeReport: port("node-report").from,
    nodeFiles: port("node-files").from,
  };
}

/** What every machine is expected to have; the same on every node. */
function hardwareOf(plan: ClusterPlan) {
  const pool = plan.pools.find(({ acceleratorsPerNode }) => acceleratorsPerNode > 0);
  const accelerator = pool && findAccelerator(pool.accelerator);
  return {
    fabric: plan.fabric,
    collective: accelerator?.collective ?? null,
    board: accelerator?.board ?? null,
    devices: accelerator?.emulated === true ? "emulated" : "real",
    image: { digest: plan.image.digest ?? null, foundIn: CONTAINER_PATHS.imageDigest },
    minimumDriver: minimumDriver(findEngineRelease(pulledImage(plan.image))?.release),
  };
}

/** Oldest driver that runs the image's CUDA, or that its CANN was published with. */
function minimumDriver(release: EngineRelease | undefined): string | null {
  const { nvidiaDriver = null, cann = null } = release ?? {};
  return nvidiaDriver ?? (cann === null ? null : (oldestDriverOfCann(cann) ?? null));
}
