import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { containerSpec } from "../container-spec/make-container-spec";
import { nodeLife } from "../node-config/node-life";
import { contentHash } from "../content-hash";
import { CONTAINER_PATHS } from "../paths";
import { remembered } from "../remembered";
import { workload, workloadNumber, workloadText } from "../workload/make-workload";
import type { Workload } from "../workload/workload";

/** What a change costs: a new machine, a new container on the same machine, or a new start of the engine. */
export type Life = "machine" | "node" | "workload";

/** One thing of a life, and the hash of everything in it. */
export interface LifePart<Content = unknown> {
  /** Name of the node, or of the cluster. */
  readonly name: string;
  /** The first 12 hexadecimal digits of the SHA-256 of the content; of a workload its number. */
  readonly hash: string;
  readonly content: Content;
}

/** The three parts of a plan. What two plans have in common in a part is not touched on the way from one to the other. */
export interface Lives {
  /** One for each node. What the place alone knows of its machines (machine image, disks) is not in here. */
  readonly machines: readonly LifePart[];
  /** One for each node: its container, and `node.json` without what belongs to the workload. */
  readonly nodes: readonly LifePart[];
  readonly workload: LifePart<Workload>;
}

/**
 * Parts of a plan, as plain data.
 *
 * @param nodes those whose parts are asked for
 */
export function lives(plan: ClusterPlan, nodes: readonly NodePlan[] = plan.nodes): Lives {
  const made = workload(plan);
  return {
    machines: nodes.map((node) => part(node.name, machineOf(plan, node))),
    nodes: nodes.map((node) => part(node.name, nodeOf(plan, node))),
    workload: { name: plan.name, hash: workloadNumber(workloadText(made)), content: made },
  };
}

/** Which lives a change from one plan to the other touches, of nodes that both have; the longest first. */
export function touchedLives(before: Lives, after: Lives): readonly Life[] {
  const differ = (one: readonly LifePart[], other: readonly LifePart[]) =>
    one.some(({ name, hash }) => other.some((part) => part.name === name && part.hash !== hash));
  const touched: { readonly [life in Life]: boolean } = {
    machine: differ(before.machines, after.machines),
    node: differ(before.nodes, after.nodes),
    workload: before.workload.hash !== after.workload.hash,
  };
  return (["machine", "node", "workload"] as const).filter((life) => touched[life]);
}

function part(name: string, content: unknown): LifePart {
  return { name, hash: contentHash(JSON.stringify(content)), content };
}

/** Most files are programs that every node has. */
const hashOfFile = remembered(contentHash);

/** What the plan asks of a machine. */
function machineOf(plan: ClusterPlan, node: NodePlan) {
  const pool = plan.pools.find(({ name }) => name === node.pool);
  return {
    cluster: plan.name,
    machineType: pool?.machineType ?? null,
    accelerator: pool?.accelerator ?? "none",
    fabric: plan.fabric,
    subnet: plan.subnetCidr,
    address: node.address ?? null,
  };
}

/** The node's container, with `node.json` as far as it belongs to the node, and the other files as their hashes. */
function nodeOf(plan: ClusterPlan, node: NodePlan) {
  const { files, ...container } = containerSpec(plan, node);
  const others = files.filter(({ path }) => path !== CONTAINER_PATHS.config);
  return {
    ...container,
    config: nodeLife(plan, node),
    files: Object.fromEntries(others.map(({ path, content }) => [path, hashOfFile(content)])),
  };
}
