import type { Rule, Topic } from "../../problems/rule";
import type { Place } from "../plan/place";
import type { NodePlan, PortPlan } from "../plan/plan";
import type { ClusterSpec } from "../plan/spec";

/** What a rule may look at besides the declaration: the place and what follows from both. */
export interface PlanFacts {
  readonly place: Place;
  readonly nodes: readonly NodePlan[];
  readonly ports: readonly PortPlan[];
}

/** A rule of a declaration. */
export type ClusterRule = Rule<ClusterSpec, PlanFacts>;

/** Rules of a declaration that belong together. */
export type ClusterTopic = Topic<ClusterSpec, PlanFacts>;
