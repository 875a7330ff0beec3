import type { ClusterReview } from "./cluster-review";
import { type Money, sumOf } from "./money";

/** Number of the schema of `review.json`; another one where a reader of the old one would be misled. */
export const REVIEW_SCHEMA = 1;

/** Everything that `review.json` holds: the review of a stack, as plain data. */
export interface StackReview {
  readonly schema: typeof REVIEW_SCHEMA;
  readonly stack: string;
  /** Terraform variables that have no value yet. */
  readonly missing: readonly string[];
  /** Of all clusters and parts. */
  readonly money: Money;
  readonly clusters: readonly ClusterReview[];
  /** Pools, networks and storages. */
  readonly parts: readonly PartReview[];
  /** Resources by type. */
  readonly made: { readonly [type: string]: number };
}

/** A pool, network or storage of its own. */
export interface PartReview {
  readonly kind: "pool" | "network" | "storage";
  /** Path of its construct in the stack. */
  readonly path: string;
  /** What it is, in a few words. */
  readonly what: string;
  /** `null`: it is part of a cluster that has it already. */
  readonly money: Money | null;
}

export function stackReview(review: Omit<StackReview, "schema" | "money">): StackReview {
  const money = [
    ...review.clusters.map((cluster) => cluster.money),
    ...review.parts.flatMap(({ money: own }) => own ?? []),
  ];
  return { schema: REVIEW_SCHEMA, money: sumOf(money), ...review };
}

export function reviewJson(review: StackReview): string {
  return `${JSON.stringify(review, null, 2)}\n`;
}
