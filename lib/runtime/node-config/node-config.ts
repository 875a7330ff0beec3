import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { secretsOn } from "../../topology/plan/secrets";
import { workload } from "../workload/make-workload";
import type { WorkloadModel } from "../workload/workload";
import { nodeLife } from "./node-life";

/**
 * `node.json`: everything the node program needs, as data. `ray_node/config/schema.py` says what each key means and
 * refuses any other shape; `test/fixtures/node.json` is read by the tests of both sides. It holds no secret: a token is
 * only ever named by the path of its file.
 */
export type NodeConfig = ReturnType<typeof nodeConfig>;

/** `node.json` of one node. Throws where the plan has no head address, which no checked plan has. */
export function nodeConfig(plan: ClusterPlan, node: NodePlan) {
  const { cluster, node: itself, subnet, head, ray, ports, environment, ...life } = nodeLife(plan, node);
  const { pools, engine, staging, ...work } = workload(plan);
  const isHead = node.role === "head";
  const variables = secretsOn(plan, node).map(({ variable }) => variable);
  return {
    schema: 1,
    cluster,
    node: itself,
    subnet,
    head,
    pools,
    ray,
    ports,
    environment: { ...environment, ...work.environment },
    engine: {
      ...engine,
      texts: isHead ? engine.texts : [],
      secrets: Object.fromEntries(
        Object.entries(engine.secrets).filter(([name]) => variables.includes(name)),
      ),
    },
    deadlines: { ...life.deadlines, ...work.deadlines },
    retries: work.retries,
    paths: life.paths,
    staging: staging && { ...staging, models: isHead ? staging.models : staging.models.map(withoutToken) },
    preflight: { ...life.preflight, ...work.preflight },
    ...(life.tls === undefined ? {} : { tls: life.tls }),
  };
}

/** The text of `node.json`. */
export function nodeConfigText(config: NodeConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Only the head contacts the source, and only its container has the file with the token. */
function withoutToken(model: WorkloadModel): WorkloadModel {
  const { source } = model;
  return "tokenFile" in source ? { ...model, source: { ...source, tokenFile: null } } : model;
}
