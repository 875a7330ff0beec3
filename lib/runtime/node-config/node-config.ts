import { findAccelerator } from "../../catalog/accelerators";
import { rayVersionOf } from "../../catalog/ray-versions";
import { engineKind } from "../../topology/engine-spec";
import type { ClusterPlan, NodePlan, StagingPlan } from "../../topology/plan/plan";
import { CONTAINER_PATHS } from "../paths";

/**
 * `node.json`: everything the node program needs, as data. `ray_node/config/schema.py` says what each key means and
 * refuses any other shape; `test/fixtures/node.json` is read by the tests of both sides. It holds no secret: a token is
 * only ever named by the path of its file.
 */
export type NodeConfig = ReturnType<typeof nodeConfig>;

/** `node.json` of one node. Throws where the plan has no head address, which no checked plan has. */
export function nodeConfig(plan: ClusterPlan, node: NodePlan) {
  const { state, token, engineLog } = CONTAINER_PATHS;
  const head = plan.nodes[0];
  if (head?.address === undefined) {
    throw new Error(`the plan of '${plan.name}' has no head address`);
  }
  return {
    schema: 1,
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
    pools: plan.pools.map((pool) => ({
      name: pool.name,
      nodes: pool.nodes,
      accelerators: pool.acceleratorsPerNode,
      resource: pool.rayResource ?? null,
      addresses: pool.addresses ?? null,
    })),
    ray: {
      version: plan.ray.version,
      authentication: plan.ray.authentication,
      tokenSince: rayVersionOf("token-authentication"),
      cpus: plan.ray.cpusPerNode ?? null,
      objectStoreBytes: plan.ray.objectStoreMiB === undefined ? null : plan.ray.objectStoreMiB * 1024 * 1024,
    },
    ports: portsOf(plan),
    environment: { ...plan.environment, own: node.environment ?? {} },
    engine: engineOf(plan, node),
    deadlines: {
      head: plan.deadlines.headSeconds,
      membership: plan.deadlines.membershipSeconds,
      hold: plan.deadlines.holdSeconds,
      engine: plan.deadlines.engineSeconds,
      completion: plan.deadlines.completionSeconds,
      stop: plan.deadlines.stopSeconds,
      serving: plan.deadlines.servingSeconds,
    },
    retries: { engineStarts: plan.retries.engineStarts },
    paths: { state, token, engineLog },
    staging: stagingConfig(plan, node),
    preflight: preflightConfig(plan),
  };
}

/** The text of `node.json`. */
export function nodeConfigText(config: NodeConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

function acceleratorsOf(plan: ClusterPlan, node: NodePlan) {
  const pool = plan.pools.find((candidate) => candidate.name === node.pool);
  const facts = pool && findAccelerator(pool.accelerator);
  return {
    planned: node.acceleratorCount,
    resource: facts?.rayResource ?? null,
    deviceGlob: facts?.deviceGlob ?? null,
    visibleDevicesVariable: facts?.visibleDevicesVariable ?? null,
  };
}

function engineOf({ engine }: ClusterPlan, node: NodePlan) {
  const { api } = engine;
  return {
    name: engine.name,
    kind: engineKind(engine),
    argv: engine.argv,
    api: api
      ? { ...api, completion: { ...api.completion, mustContain: api.completion.mustContain ?? null } }
      : null,
    follower: engine.follower ?? null,
    withheld: engine.withheld ?? [],
    texts: node.role === "head" ? (engine.texts ?? []) : [],
    workingDirectory: engine.workingDirectory ?? null,
    requires: engine.requires ?? { programs: [], pythonModules: [], paths: [] },
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
    dashboard: port("dashboard").from,
    workersFrom: port("workers").from,
    workersTo: port("workers").to,
    nodeReport: port("node-report").from,
    nodeFiles: port("node-files").from,
  };
}

/** What the nodes check before an engine starts; the same on every node. */
function preflightConfig(plan: ClusterPlan) {
  const pool = plan.pools.find(({ acceleratorsPerNode }) => acceleratorsPerNode > 0);
  const accelerator = pool && findAccelerator(pool.accelerator);
  return {
    fabric: plan.fabric,
    collective: accelerator?.collective ?? null,
    board: accelerator?.board ?? null,
    devices: accelerator?.emulated === true ? "emulated" : "real",
    image: { digest: plan.image.digest ?? null, foundIn: CONTAINER_PATHS.imageDigest },
    deviceIps: Object.fromEntries(
      plan.nodes.flatMap(({ address, deviceIps }) =>
        address === undefined || deviceIps === undefined ? [] : [[address, deviceIps]],
      ),
    ),
    tolerated: plan.toleratedChecks,
    rankTable: plan.rankTable ?? null,
  };
}

/** The part `staging` of a node's `node.json`. */
function stagingConfig({ staging }: ClusterPlan, node: NodePlan) {
  if (staging === undefined) {
    return null;
  }
  const { destination, placement, parallelFiles, deadlineSeconds } = staging;
  return { source: sourceOf(staging, node), destination, placement, parallelFiles, deadlineSeconds };
}

function sourceOf({ source, secret }: StagingPlan, node: NodePlan) {
  const { kind, location, revision, endpoint, include, exclude } = source;
  if (kind === "path") {
    return { kind };
  }
  if (kind === "index") {
    // Only the head reads it: the others wait for the head, or take the files from it.
    return { kind, name: location, index: CONTAINER_PATHS.modelSecret };
  }
  return {
    kind,
    repository: location,
    revision: revision ?? "",
    endpoint: endpoint ?? "",
    tokenFile: secret !== undefined && node.role === "head" ? CONTAINER_PATHS.modelSecret : null,
    include,
    exclude,
  };
}
