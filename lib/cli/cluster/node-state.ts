import { harmless } from "../../problems/text";
import { type Answer, askContainer } from "./ask";
import type { OwnedCluster } from "./clusters";
import { type ClusterNode, nodeProgram } from "./reach";

const STATUS_SECONDS = 30;
/** Of what a node says in place of a state. */
const MOST_WORDS = 500;

/** What is read of a node's state file (`lib/runtime/README.md`). */
export interface NodeState {
  readonly node: string;
  readonly role: string;
  readonly address: string;
  readonly state: string;
  readonly since: string;
  readonly reason: string | null;
  readonly culprit: Culprit | null;
  readonly waitingFor: { readonly what: string; readonly deadline: string } | null;
  readonly endpoint: string | null;
  readonly healthy: boolean;
  readonly unhealthyBecause: string | null;
  readonly warnings?: readonly string[];
}

export interface Culprit {
  readonly name: string;
  readonly address: string;
  readonly reason: string;
}

/** A node and what it says of itself. */
export interface SeenNode {
  readonly node: ClusterNode;
  /** `undefined`: it does not answer. */
  readonly state: NodeState | undefined;
  /** Why the node is not well; `undefined`: it is. */
  readonly trouble: string | undefined;
}

/** A cluster as its nodes see it: those to blame first, then those that are not well, then the others. */
export interface SeenCluster {
  readonly cluster: OwnedCluster;
  readonly nodes: readonly SeenNode[];
  /** Who is to blame: as the head says, else a node that does not answer. */
  readonly culprit: Culprit | undefined;
}

/** Asks all nodes at the same time. */
export async function lookAt(cluster: OwnedCluster): Promise<SeenCluster> {
  const seen = await Promise.all(cluster.nodes.map(lookAtNode));
  const head = seen.find(({ node }) => node.isHead);
  const culprit = head?.state?.culprit ?? unreached(seen);
  return { cluster, nodes: culpritFirst(seen, culprit?.name), culprit };
}

/** Where each node stands in the list of troubles; nodes that are equal stay in the order of the plan. */
export function culpritFirst(seen: readonly SeenNode[], culprit: string | undefined): readonly SeenNode[] {
  const rank = ({ node, trouble }: SeenNode) => (node.name === culprit ? 0 : trouble !== undefined ? 1 : 2);
  return [...seen].sort((one, other) => rank(one) - rank(other));
}

/** What the answer to `ray_node status --json` means. Exported for its test. */
export function seenNode(node: ClusterNode, { stdout, stderr, failure }: Answer): SeenNode {
  if (failure !== undefined) {
    return { node, state: undefined, trouble: failure };
  }
  const found = parsed(stdout);
  if (found === undefined) {
    const words = `${stdout}\n${stderr}`.trim().split("\n").at(-1) ?? "";
    return {
      node,
      state: undefined,
      trouble: words === "" ? "its node program says nothing" : words.slice(0, MOST_WORDS),
    };
  }
  return isState(found)
    ? { node, state: found, trouble: found.healthy ? undefined : (found.unhealthyBecause ?? "not healthy") }
    : { node, state: undefined, trouble: "what it says of itself is not the state of a node" };
}

/** `undefined`: no JSON, or of a depth that nobody can print. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) => (typeof value === "string" ? harmless(value) : value));
  } catch {
    return undefined;
  }
}

/** A node may say anything of itself: one that does must not hide what the others say. */
function isState(found: unknown): found is NodeState {
  const isText = (value: unknown) => typeof value === "string";
  const isPart = (value: unknown, ...keys: readonly string[]) =>
    value === null || (isObject(value) && keys.every((key) => isText(value[key])));
  return (
    isObject(found) &&
    isPart(found, "node", "role", "address", "state", "since") &&
    [found.reason, found.endpoint, found.unhealthyBecause].every(
      (value) => value === null || isText(value),
    ) &&
    isPart(found.culprit, "name", "address", "reason") &&
    isPart(found.waitingFor, "what", "deadline") &&
    typeof found.healthy === "boolean" &&
    (found.warnings === undefined || (Array.isArray(found.warnings) && found.warnings.every(isText)))
  );
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null;
}

async function lookAtNode(node: ClusterNode): Promise<SeenNode> {
  const words = nodeProgram("status", "--json");
  return seenNode(node, await askContainer(node, words, { timeoutSeconds: STATUS_SECONDS }));
}

/** A head that does not answer, else the first such worker. */
function unreached(seen: readonly SeenNode[]): Culprit | undefined {
  const silent = seen.filter(({ state }) => state === undefined);
  const first = silent.find(({ node }) => node.isHead) ?? silent[0];
  return first && { name: first.node.name, address: "", reason: first.trouble ?? "" };
}
