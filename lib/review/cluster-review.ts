import { findAccelerator } from "../catalog/accelerators";
import { problemLine } from "../problems/plan-error";
import { counted } from "../problems/text";
import type { ClusterTerms } from "../runtime/lives/terms";
import type { ClusterPlan } from "../topology/plan/plan";
import { engineSummary } from "./engine";
import { type FitReview, fitReview } from "./fit";
import { type Money, moneyOf } from "./money";
import { type Outage, outages } from "./outages";
import type { Destroyed, GrantedActions, PlaceFacts } from "./place-facts";
import { type LoadReview, loadReview } from "./load";
import { ranks, type RanksOfNode } from "./ranks";
import { type SocketReview, sockets } from "./reach";
import type { PlaceReview } from "./review";
import { type TimeReview, timeReview } from "./time";

/** What a person decides on, of one cluster, as plain data. */
export interface ClusterReview {
  readonly name: string;
  readonly backend: string;
  readonly summary: string;
  readonly nodes: readonly NodeReview[];
  readonly money: Money;
  /** `null`: not known. */
  readonly fit: FitReview | null;
  readonly time: TimeReview;
  /** `null`: no server loads weights of a known size. */
  readonly load: LoadReview | null;
  readonly reach: readonly SocketReview[];
  readonly wayOut: string;
  readonly permissions: readonly GrantedActions[];
  readonly destroy: Destroyed;
  readonly outages: readonly Outage[];
  readonly warnings: readonly string[];
  /** How many of them the declaration acknowledges. */
  readonly acknowledgedWarnings: number;
  /** The declaration's own words by the life that a change of them touches. */
  readonly terms: ClusterTerms;
}

export interface NodeReview {
  readonly name: string;
  readonly pool: string;
  readonly role: "head" | "worker";
  /** `null`: the place assigns it. */
  readonly address: string | null;
  readonly accelerators: number;
  /** `null`: none. */
  readonly accelerator: string | null;
  /** `null`: not known. */
  readonly ranks: RanksOfNode | null;
}

/** What is known of a place that says nothing of itself. */
export const UNKNOWN_PLACE: PlaceFacts = {
  reach: { clients: ["whoever reaches the head"], wayOut: "not known here" },
  destroy: { lost: [], kept: [] },
  recovery: {
    worker: "Who brings it back is not known here.",
    head: "Who brings it back is not known here.",
    site: "nothing of the cluster is elsewhere",
    storage: "what it held is gone unless you have a copy",
  },
};

export function clusterReview(
  plan: ClusterPlan,
  backend: string,
  place: PlaceReview,
  terms: ClusterTerms,
): ClusterReview {
  const facts = place.reviewFacts ?? UNKNOWN_PLACE;
  const located = ranks(plan);
  const accelerators = plan.nodes.reduce((sum, { acceleratorCount }) => sum + acceleratorCount, 0);
  const api = place.reviewUrl;
  return {
    name: plan.name,
    backend,
    summary: `${counted(plan.nodes.length, "node")}, ${counted(accelerators, "accelerator")}. ${engineSummary(plan, api)}`,
    nodes: plan.nodes.map((node) => ({
      name: node.name,
      pool: node.pool,
      role: node.role,
      address: node.address ?? null,
      accelerators: node.acceleratorCount,
      accelerator: titleOf(plan, node.pool),
      ranks: located.find(({ node: name }) => name === node.name) ?? null,
    })),
    money: moneyOf(facts),
    fit: fitReview(plan),
    time: timeReview(plan, facts),
    load: loadReview(plan, facts),
    reach: sockets(plan, facts),
    wayOut: facts.reach.wayOut,
    permissions: facts.permissions ?? [],
    destroy: facts.destroy,
    outages: outages(plan, facts),
    warnings: plan.warnings.map((warning) => problemLine(warning).trim()),
    acknowledgedWarnings: plan.warnings.filter((one) => one.acknowledged !== undefined).length,
    terms: JSON.parse(JSON.stringify(terms)) as ClusterTerms,
  };
}

function titleOf({ pools }: ClusterPlan, pool: string): string | null {
  const { accelerator = "none" } = pools.find(({ name }) => name === pool) ?? {};
  return findAccelerator(accelerator)?.title ?? null;
}
