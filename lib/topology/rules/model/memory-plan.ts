import type { MemoryPlan } from "../../plan/plan";
import type { ClusterSpec } from "../../plan/spec";
import { modelPlanOf } from "./model";
import { canBeCut } from "./model-structure";
import { fitOf } from "./what-fits";

/** The memory of a declaration without errors, by the same numbers as its rules; `undefined`: something is not known. */
export function planMemory(spec: ClusterSpec): MemoryPlan | undefined {
  const plan = modelPlanOf(spec);
  const isReal = spec.pools.every(({ accelerator }) => accelerator?.emulated !== true);
  return plan !== undefined && isReal && canBeCut(plan.model, plan.parallelism, plan.engine)
    ? {
        contextTokens: plan.contextTokens,
        contextFits: spec.engine.sizing?.contextFits === true,
        acceleratorMemoryGiB: plan.acceleratorMemoryGiB,
        fit: fitOf(plan),
      }
    : undefined;
}
