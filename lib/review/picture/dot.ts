import type { ClusterReview, NodeReview } from "../cluster-review";
import type { StackReview } from "../stack-review";
import { lines } from "./mermaid";

/** Colours of the picture in the light; `darkened` has the same in the dark. */
export const COLOURS = {
  text: "#1f2328",
  line: "#59636e",
  paper: "#ffffff",
  node: "#f6f8fa",
  head: "#ddf4ff",
} as const;

/** Graphviz knows its metrics. */
export const FONT = "Courier";

/** So many nodes stand beside one another. */
function columns(nodes: number): number {
  return nodes <= 4 ? nodes : nodes <= 16 ? 4 : 8;
}

/** The picture in the language of Graphviz: a table for each pool, so that nodes stand in rows however many there are. */
export function dot({ clusters, parts }: StackReview): string {
  const storages = parts.filter(({ kind }) => kind !== "pool");
  return [
    "digraph review {",
    `  graph [rankdir=TB, bgcolor="${COLOURS.paper}", fontname="${FONT}", nodesep=0.4, ranksep=0.6, pad=0.3];`,
    `  node [shape=box, style="filled,rounded", margin="0.2,0.12", fillcolor="${COLOURS.node}", color="${COLOURS.line}", fontcolor="${COLOURS.text}", fontname="${FONT}", fontsize=11];`,
    `  edge [color="${COLOURS.line}", fontcolor="${COLOURS.text}", fontname="${FONT}", fontsize=11];`,
    ...clusters.flatMap((cluster, index) => drawn(cluster, `c${index}`)),
    ...storages.map(
      ({ kind, path, what }, index) => `  p${index} [label="${text(`${kind} ${path}`)}\\n${text(what)}"];`,
    ),
    ...clusters.flatMap(({ nodes }, index) =>
      storages.map(
        (_, part) => `  c${index}_${poolsOf(nodes).length - 1} -> p${part} [dir=none, style=dashed];`,
      ),
    ),
    "}",
  ].join("\n");
}

function drawn(cluster: ClusterReview, id: string): readonly string[] {
  const { nodes, reach, wayOut, name } = cluster;
  const pools = poolsOf(nodes);
  const api = reach.find(({ what }) => what === "API");
  return [
    ...pools.map(
      (pool, index) => `  ${id}_${index} [shape=plain, style="", label=<${poolTable(name, pool, nodes)}>];`,
    ),
    ...pools.slice(1).map((_, index) => `  ${id}_${index} -> ${id}_${index + 1} [dir=none];`),
    ...(api === undefined
      ? []
      : [
          `  ${id}_users [label="${text(`API clients: ${api.from.join(", ") || "nobody outside"}`)}\\n${text(`enforced by: ${api.heldBy ?? "NOTHING"}`)}"];`,
          `  ${id}_users -> ${id}_0 [label="  :${api.ports.join(", ")}"];`,
        ]),
    `  ${id}_out [label="${text(`outbound: ${wayOut}`)}"];`,
    `  ${id}_${pools.length - 1} -> ${id}_out [style=dotted];`,
  ];
}

function poolsOf(nodes: readonly NodeReview[]): readonly string[] {
  return [...new Set(nodes.map(({ pool }) => pool))];
}

function poolTable(cluster: string, pool: string, nodes: readonly NodeReview[]): string {
  const own = nodes.filter((node) => node.pool === pool);
  const wide = columns(own.length);
  const rows = Array.from({ length: Math.ceil(own.length / wide) }, (_, row) =>
    own
      .slice(row * wide, (row + 1) * wide)
      .map(cell)
      .join(""),
  );
  const heading = `${cluster}: pool ${pool}, ${own[0].accelerator ?? "no accelerators"}`;
  return (
    `<table border="1" cellborder="1" cellspacing="6" cellpadding="6" bgcolor="${COLOURS.paper}" color="${COLOURS.line}">` +
    `<tr><td border="0" colspan="${wide}"><b>${html(heading)}</b></td></tr>` +
    `${rows.map((row) => `<tr>${row}</tr>`).join("")}</table>`
  );
}

function cell(node: NodeReview): string {
  const [name, ...rest] = lines(node);
  const colour = node.role === "head" ? COLOURS.head : COLOURS.node;
  return `<td bgcolor="${colour}"><b>${html(name)}</b><br/>${rest.map(html).join("<br/>")}</td>`;
}

/** Long texts in lines, for a box. */
function text(value: string): string {
  return value
    .replace(/\*\*|`/g, "")
    .replace(/[\\"]/g, " ")
    .replace(/(.{30,50}?) /g, "$1\\n");
}

function html(value: string): string {
  return value.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
