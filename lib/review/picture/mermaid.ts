import type { ClusterReview, NodeReview } from "../cluster-review";
import { span } from "../ranks";
import type { StackReview } from "../stack-review";

/** Beyond this, one box stands for the workers of a pool. */
const MOST_BOXES = 8;

/** The picture for hosts that render Mermaid; empty without a cluster. */
export function mermaid({ clusters }: StackReview): readonly string[] {
  return clusters.length === 0
    ? []
    : [
        "```mermaid",
        "flowchart LR",
        ...clusters.flatMap((cluster, index) => drawn(cluster, `c${index}`)),
        "```",
      ];
}

function drawn(cluster: ClusterReview, id: string): readonly string[] {
  const { nodes, reach, name } = cluster;
  const [head, ...workers] = nodes;
  const api = reach.find(({ what }) => what === "API");
  const boxes = groups(workers).map((group, index) => `    ${id}w${index}["${groupText(group)}"]`);
  return [
    `  subgraph ${id}["${quoted(name)}"]`,
    `    ${id}h["${lines(head).join("<br/>")}"]`,
    ...boxes,
    ...boxes.map((_, index) => `    ${id}h --- ${id}w${index}`),
    "  end",
    ...(api === undefined
      ? []
      : [
          `  ${id}u(["${quoted(api.from.join(", ") || "nobody outside")}"]) -->|"API :${api.ports.join(", ")}"| ${id}h`,
        ]),
  ];
}

function groups(workers: readonly NodeReview[]): readonly (readonly NodeReview[])[] {
  if (workers.length <= MOST_BOXES) {
    return workers.map((worker) => [worker]);
  }
  const pools = [...new Set(workers.map(({ pool }) => pool))];
  return pools.map((pool) => workers.filter((worker) => worker.pool === pool));
}

function groupText(group: readonly NodeReview[]): string {
  const [first, last] = [group[0], group[group.length - 1]];
  return group.length === 1
    ? lines(first).join("<br/>")
    : `${quoted(first.name)} to ${quoted(last.name)}<br/>${group.length} nodes of ${first.accelerators} accelerators`;
}

/** What stands in the box of a node. */
export function lines({ name, role, address, accelerators, ranks }: NodeReview): readonly string[] {
  return [
    role === "head" ? `${quoted(name)} (head)` : quoted(name),
    address ?? "address at boot",
    ranks === null
      ? `${accelerators} accelerators`
      : `ranks ${ranks.first}-${ranks.last}, ${span("stage", ranks.stages)}`,
  ];
}

function quoted(text: string): string {
  return text.replace(/["<>&]/g, " ");
}
