import type { Problem } from "../problems/problem";
import type { ClusterPlan } from "./plan/plan";

/** A rule of your own, e.g. of a team: it judges the plan of a cluster without errors. */
export interface IClusterRule {
  /**
   * What is wrong or risky about a plan. An error ends the synth like those of the library, a warning is shown in the review
   * and can be acknowledged by its id.
   *
   * @param plan complete, but for the warnings of this kind of rules
   */
  check(plan: ClusterPlan): readonly Problem[];
}
