import type { ClusterReview } from "../cluster-review";
import { socketText } from "../reach";
import type { StackReview } from "../stack-review";
import { code, table } from "../table";
import type { ResourceAction } from "./actions";
import { type Effects, effectsOf, effectText } from "./effects";
import { type ChangedTerm, changedTerms, workloadDiffers } from "./terms";

/** What a check of a pull request can refuse. */
export const REFUSALS = ["replace", "reach", "cost", "data"] as const;
export type Refusal = (typeof REFUSALS)[number];

/** How a stack differs from what runs, as plain data. */
export interface StackChange {
  readonly stack: string;
  readonly effects: Effects;
  readonly effect: string;
  readonly terms: readonly (ChangedTerm & { readonly cluster: string })[];
  readonly clustersAdded: readonly string[];
  readonly clustersRemoved: readonly string[];
  /** Who reaches what, where that differs. */
  readonly reach: readonly {
    readonly cluster: string;
    readonly runs: string | null;
    readonly planned: string | null;
  }[];
  /** `null`: what runs is not known. */
  readonly cost: { readonly runs: string; readonly planned: string; readonly usdPerHour: number } | null;
  /** What `--fail-on` can name. */
  readonly found: readonly Refusal[];
}

/** What is known of a cluster that runs. */
export interface RunningCluster {
  readonly name: string;
  readonly terms: ClusterReview["terms"];
  readonly decided: Decided;
}

/** What a person has decided on besides the declaration's words: what it costs, and who reaches what. */
export interface Decided {
  readonly usdPerHour: number;
  readonly reach: readonly string[];
}

/** The same of a review. */
export function decidedOf({ money, reach, wayOut }: ClusterReview): Decided {
  return { usdPerHour: money.perHour, reach: [...reach.map(socketText), `outbound: ${wayOut}`] };
}

/**
 * @param running clusters that run; with what cannot be known of one left out
 * @param booted addresses of machines whose type does not say that they are
 */
export function stackChange(
  planned: StackReview,
  running: readonly Partial<RunningCluster>[],
  actions: readonly ResourceAction[],
  booted: ReadonlySet<string>,
): StackChange {
  const pairs = planned.clusters.flatMap((cluster) => {
    const old = running.find(({ name }) => name === cluster.name);
    return old === undefined ? [] : [{ name: cluster.name, old, now: cluster }];
  });
  const effects = effectsOf(
    actions,
    pairs.some(({ old, now }) => old.terms !== undefined && workloadDiffers(old.terms, now.terms)),
    booted,
  );
  const reach = pairs.flatMap(({ name, old: { decided }, now }) =>
    reachDiffers(name, decided?.reach, decidedOf(now).reach),
  );
  const cost = costOf(running, planned.clusters);
  return {
    stack: planned.stack,
    effects,
    effect: running.length === 0 ? "everything is new; nothing runs yet" : effectText(effects),
    terms: pairs.flatMap(({ name, old: { terms }, now }) =>
      terms === undefined ? [] : changedTerms(terms, now.terms).map((term) => ({ cluster: name, ...term })),
    ),
    clustersAdded: namesBut(planned.clusters, running),
    clustersRemoved: namesBut(running, planned.clusters),
    reach,
    cost,
    found: REFUSALS.filter((refusal) => IS_FOUND[refusal]({ effects, isReach: reach.length > 0, cost })),
  };
}

interface Findings {
  readonly effects: Effects;
  readonly isReach: boolean;
  readonly cost: StackChange["cost"];
}

const IS_FOUND: { readonly [refusal in Refusal]: (findings: Findings) => boolean } = {
  replace: ({ effects }) => effects.machines.length > 0 || effects.nodes.length > 0,
  reach: ({ effects, isReach }) => isReach || effects.reach.length > 0,
  cost: ({ cost }) => cost !== null && cost.usdPerHour > 0,
  data: ({ effects }) => effects.data.length > 0,
};

/** For a person, as Markdown. */
export function changeText(change: StackChange): string {
  const { stack, effect, effects, terms, clustersAdded, clustersRemoved, reach, cost } = change;
  const lines = [
    `# Change of ${stack}: ${effect}`,
    "",
    ...clustersAdded.map((name) => `- cluster ${code(name)} is new`),
    ...clustersRemoved.map((name) => `- cluster ${code(name)} goes`),
    ...(cost === null ? [] : [`- money: ${cost.runs} → ${cost.planned}`]),
    ...reach.map(({ runs, planned }) => `- reach: ${runs ?? "not there"} → ${planned ?? "not there"}`),
    ...effects.reach.map((address) => `- rule of a network or role: ${code(address)}`),
    "",
    ...table(
      ["cluster", "what", "runs", "planned", "belongs to"],
      terms.map(({ cluster, path, runs, planned, life }) => [
        cluster,
        code(path),
        code(runs ?? ""),
        code(planned ?? ""),
        life,
      ]),
      "The declaration says the same.",
    ),
  ];
  return `${lines.join("\n").replace(/\n{3,}/g, "\n\n")}\n`;
}

interface Named {
  readonly name?: string;
}

function namesBut(all: readonly Named[], others: readonly Named[]): readonly string[] {
  return all.flatMap(({ name }) =>
    name !== undefined && others.every((other) => other.name !== name) ? [name] : [],
  );
}

function reachDiffers(
  cluster: string,
  before: readonly string[] | undefined,
  after: readonly string[],
): StackChange["reach"] {
  if (before === undefined) {
    return [];
  }
  const gone = before.filter((text) => !after.includes(text));
  const come = after.filter((text) => !before.includes(text));
  return Array.from({ length: Math.max(gone.length, come.length) }, (_, index) => ({
    cluster,
    runs: gone[index] ?? null,
    planned: come[index] ?? null,
  }));
}

/** Of all clusters; `null`: the same, or what runs is not known. */
function costOf(
  running: readonly Partial<RunningCluster>[],
  planned: readonly ClusterReview[],
): StackChange["cost"] {
  const known = running.map(({ decided }) => decided?.usdPerHour);
  if (known.includes(undefined)) {
    return null;
  }
  const sum = (all: readonly (number | undefined)[]) =>
    all.reduce<number>((total, one = 0) => total + one, 0);
  const [runs, now] = [sum(known), sum(planned.map(({ money }) => money.perHour))].map(
    (usd) => Math.round(usd * 100) / 100,
  );
  const text = (usd: number) => `${usd.toFixed(2)} USD an hour`;
  return runs === now
    ? null
    : { runs: text(runs), planned: text(now), usdPerHour: Math.round((now - runs) * 100) / 100 };
}
