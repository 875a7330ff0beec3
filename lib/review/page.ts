import { LIVES } from "./place-facts";
import type { ClusterReview } from "./cluster-review";
import { firstScreen, moneyLine, title } from "./first-screen";
import type { Money } from "./money";
import { mermaid } from "./picture/mermaid";
import { span } from "./ranks";
import type { StackReview } from "./stack-review";
import { code, codes, table } from "./table";
import { duration } from "./time";

/**
 * `review.md`: one screen to decide on for each cluster, then the picture and the reasons.
 *
 * @param details further sections of each cluster in order, folded
 */
export function reviewPage(review: StackReview, details: readonly string[]): string {
  const { clusters, parts, stack, money, made } = review;
  const total = clusters.length + parts.length > 1 && money.parts.length > 0;
  const blocks: readonly (readonly string[])[] = [
    [title(review)],
    ...(total ? [[`Total: ${moneyLine(money)}`]] : []),
    ...clusters.map((cluster) => [
      `## ${cluster.name}`,
      "",
      cluster.summary,
      "",
      ...firstScreen(cluster, stack),
    ]),
    ...clusters.flatMap((cluster) => warnings(cluster)),
    ["## Picture", "", "![nodes, storage, and who reaches what](review.svg)", "", ...mermaid(review)],
    ...section("Cost", money.parts.length === 0 ? [] : priceTable(money)),
    ...section("Pools, networks and storages", parts.length === 0 ? [] : partTable(review)),
    ...clusters.flatMap((cluster) => sectionsOf(cluster)),
    ...section("Resources", madeTable(made)),
    ...clusters.flatMap((cluster, index) => folded(`Details of ${cluster.name}`, details[index])),
  ];
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function sectionsOf(cluster: ClusterReview): readonly (readonly string[])[] {
  const { name, fit, nodes, outages, reach, permissions, time } = cluster;
  const ranks = nodes.flatMap(({ name: node, ranks: held }) =>
    held === null
      ? []
      : [[node, `${held.first}-${held.last}`, span("stage", held.stages), span("replica", held.replicas)]],
  );
  return [
    ...section(`Fit of ${name}`, fit === null ? [] : stageTable(fit)),
    ...section(
      `Ranks of ${name}`,
      ranks.length === 0
        ? []
        : [
            ...table(["node", "ranks", "pipeline", "data"], ranks, ""),
            "",
            "Rank 0 is the head's; the engine itself decides the order of the other nodes.",
          ],
    ),
    ...section(
      `Reach of ${name}`,
      table(
        ["what", "ports", "from", "enforced by", "authentication"],
        reach.map((row) => [
          row.what,
          row.ports.join(", "),
          row.from.join(", ") || "nobody outside",
          row.heldBy ?? "**nothing: restrict it yourself**",
          row.authentication,
        ]),
        "",
      ),
    ),
    ...section(
      `Permissions of ${name}'s machines`,
      permissions.length === 0
        ? []
        : table(
            ["actions", "on"],
            permissions.map(({ actions, resources }) => [codes(actions), codes(resources)]),
            "",
          ),
    ),
    ...section(
      `Time of ${name}`,
      table(
        ["until", "at most"],
        time.parts.map(({ what, atMostSeconds }) => [what, duration(atMostSeconds)]),
        "",
      ),
    ),
    ...section(
      `Failures of ${name}`,
      table(
        ["what fails", "what happens"],
        outages.map(({ what, then }) => [what, then]),
        "",
      ),
    ),
    ...section(`What a change of ${name} means`, livesTable()),
  ];
}

/** What a change of each kind costs, in the words of the change report. */
function livesTable(): readonly string[] {
  const costs = {
    machine: "that machine is replaced",
    node: "containers, Ray and engine restart on the same machines",
    workload: "the engine restarts; Ray, machines and storage are not touched",
  } as const;
  return table(
    ["a change of", "means"],
    LIVES.map((life) => [life, costs[life]]),
    "",
  );
}

function warnings({ name, warnings: lines }: ClusterReview): readonly (readonly string[])[] {
  return section(
    `Warnings of ${name}`,
    lines.map((line) => `- ${line}`),
  );
}

function priceTable({ parts }: Money): readonly string[] {
  return table(
    ["part", "count", "USD an hour each", "source"],
    parts.map(({ what, count, usdPerHour, source }) => [
      what,
      String(count),
      usdPerHour === undefined ? "**unknown**" : usdPerHour.toFixed(usdPerHour < 1 ? 3 : 2),
      source,
    ]),
    "",
  );
}

function partTable({ parts }: StackReview): readonly string[] {
  return table(
    ["path", "kind", "what", "cost"],
    parts.map(({ path, kind, what, money }) => [
      code(path),
      kind,
      what,
      money === null ? "counted with its cluster" : moneyLine(money),
    ]),
    "",
  );
}

function stageTable({ stages }: NonNullable<ClusterReview["fit"]>): readonly string[] {
  return table(
    ["stage", "layers", "weights", "engine", "left for the KV cache", "concurrent requests"],
    stages.map(({ stage, layers, weightsGiB, engineGiB, cacheGiB, requests }) => [
      String(stage),
      String(layers),
      `${weightsGiB} GiB`,
      `${engineGiB} GiB`,
      `${cacheGiB} GiB`,
      String(requests),
    ]),
    "",
  );
}

function madeTable(made: StackReview["made"]): readonly string[] {
  return table(
    ["resource", "count"],
    Object.entries(made).map(([type, count]) => [code(type), String(count)]),
    "",
  );
}

function section(heading: string, lines: readonly string[]): readonly (readonly string[])[] {
  return lines.length === 0 || lines.join("") === "" ? [] : [[`## ${heading}`, "", ...lines]];
}

function folded(heading: string, text: string | undefined): readonly (readonly string[])[] {
  return text === undefined
    ? []
    : [["<details>", `<summary>${heading}</summary>`, "", text.trimEnd(), "", "</details>"]];
}
