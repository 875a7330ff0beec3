import { counted } from "../../problems/text";
import { table } from "../base/table";
import { type ClusterChoice, clustersOf } from "./clusters";
import { lookAt, type NodeState, type SeenCluster } from "./node-state";

export interface StatusOptions {
  /** Machine-readable output. */
  readonly json?: boolean;
}

/** Prints where all nodes of a stack's clusters stand. Returns whether all of them are well. */
export async function status(
  choice: ClusterChoice,
  { json }: StatusOptions,
  write: (text: string) => void,
): Promise<boolean> {
  const seen = await Promise.all((await clustersOf(choice)).map(lookAt));
  write(
    json
      ? `${JSON.stringify(seen.map(asData), null, 1)}\n`
      : `${seen.map((one) => statusText(one, new Date())).join("\n\n")}\n`,
  );
  return seen.every(({ nodes }) => nodes.every(({ trouble }) => trouble === undefined));
}

/** For a person: the cluster, who is to blame, and a table of all nodes. */
export function statusText({ cluster, nodes, culprit }: SeenCluster, now: Date): string {
  const head = nodes.find(({ node }) => node.isHead)?.state;
  const well = nodes.filter(({ trouble }) => trouble === undefined).length;
  const state = head === undefined ? "the head does not answer" : `${head.state} for ${age(head, now)}`;
  const lines = [`cluster ${cluster.name}: ${state}; ${well} of ${counted(nodes.length, "node")} healthy`];
  if (culprit !== undefined) {
    const where = culprit.address === "" ? "" : ` (${culprit.address})`;
    lines.push(indented(`  culprit   ${culprit.name}${where}: ${culprit.reason}`));
  }
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    ["reason", head?.reason],
    ["progress", head?.waitingFor && `${head.waitingFor.what} (until ${head.waitingFor.deadline})`],
    ["endpoint", head?.endpoint],
    ...(head?.warnings ?? []).map((warning) => ["warning", warning] as const),
  ];
  for (const [title, value] of facts) {
    if (value) {
      lines.push(`  ${title.padEnd(10)}${indented(value)}`);
    }
  }
  const rows = nodes.map(({ node, state: found, trouble }) => [
    node.called,
    node.isHead ? "head" : "worker",
    cell(found?.address ?? "-"),
    cell(found?.state ?? "-"),
    found === undefined ? "-" : age(found, now),
    cell(trouble ?? "healthy"),
  ]);
  return [...lines, "", table([["NODE", "ROLE", "ADDRESS", "STATE", "FOR", "HEALTH"], ...rows])].join("\n");
}

/** Of a text with several lines, those after the first cannot be taken for lines of ours. */
function indented(text: string): string {
  return text.replaceAll("\n", `\n${" ".repeat(12)}`);
}

/** A node's words in a row are one line, so that none of them makes a row of its own. */
function cell(text: string): string {
  return text.replace(/\s+/g, " ");
}

function asData({ cluster, nodes, culprit }: SeenCluster): object {
  return {
    cluster: cluster.name,
    culprit: culprit ?? null,
    nodes: nodes.map(({ node, state, trouble }) => ({
      name: node.name,
      called: node.called,
      healthy: trouble === undefined,
      trouble: trouble ?? null,
      state: state ?? null,
    })),
  };
}

/** How long the node has been in its state: `45 s`, `12 min`, `3 h`, `2 d`. */
function age({ since }: NodeState, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - new Date(since).getTime()) / 1000));
  if (Number.isNaN(seconds)) {
    return "-";
  }
  const units = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
  ] as const;
  const unit = units.find(([length]) => seconds >= 2 * length);
  return unit === undefined ? `${seconds} s` : `${Math.floor(seconds / unit[0])} ${unit[1]}`;
}
