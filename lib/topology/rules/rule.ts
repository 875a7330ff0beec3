import type { Place } from "../plan/place";
import type { NodePlan, PortPlan } from "../plan/plan";
import type { Problem } from "../../problems/problem";
import type { ClusterSpec } from "../plan/spec";

/** What a rule may look at besides the declaration: the place and what follows from both. */
export interface PlanFacts {
  readonly place: Place;
  readonly nodes: readonly NodePlan[];
  readonly ports: readonly PortPlan[];
}

/** A problem before its rule puts its id and level on it. */
export interface Finding {
  readonly path: string;
  readonly got: string;
  readonly allowed: string;
  readonly fix: string;
  /** Where to read more. */
  readonly links?: readonly string[];
}

/** One thing that must hold. Pure: the same declaration and facts give the same findings. */
export interface Rule {
  /** Stable; never given to another rule. */
  readonly id: string;
  readonly level: Problem["level"];
  /** What must hold, for the page of rules. */
  readonly title: string;
  /** What goes wrong otherwise. */
  readonly why: string;
  check(spec: ClusterSpec, facts: PlanFacts): readonly Finding[];
}
