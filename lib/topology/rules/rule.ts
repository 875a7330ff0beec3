import type { ErrorRule, Rule, Topic } from "../../problems/rule";
import type { Place } from "../plan/place";
import type { NodePlan } from "../plan/plan";
import type { DeclaredPort } from "../plan/ports";
import type { ClusterSpec } from "../plan/spec";

/** What a rule may look at besides the declaration: the place and what follows from both. */
export interface PlanFacts {
  readonly place: Place;
  readonly nodes: readonly NodePlan[];
  readonly ports: readonly DeclaredPort[];
}

/** A rule of a declaration. */
export type ClusterRule = Rule<ClusterSpec, PlanFacts>;

/** A rule of a declaration that cannot work. */
export type ClusterErrorRule = ErrorRule<ClusterSpec, PlanFacts>;

/** Rules of a declaration that belong together. */
export type ClusterTopic = Topic<ClusterSpec, PlanFacts>;
