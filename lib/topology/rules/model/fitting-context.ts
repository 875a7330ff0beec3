import { sizesAreCounts } from "./model-cut-rules";
import { canBeCut, type ModelPlan } from "./model-structure";
import { fitOf } from "./what-fits";

/** Tokens below which a server is of no use: a short question with a short answer. */
const LEAST_TOKENS = 1024;

/**
 * The plan with the context that the engine will take where it takes the longest that fits: that of one sequence, up to the
 * model's own (vLLM `_auto_fit_max_model_len`). It is never below a usable length, so that the rules of memory say what is
 * missing.
 */
export function withFittingContext(plan: ModelPlan): ModelPlan {
  const { contextTokens: most, model, parallelism, engine } = plan;
  if (!sizesAreCounts(plan) || !canBeCut(model, parallelism, engine)) {
    return plan;
  }
  const { longestTokens } = fitOf(plan, { concurrentSequences: 1 });
  return {
    ...plan,
    contextTokens: Math.max(longestTokens, Math.min(most, LEAST_TOKENS)),
    contextFits: longestTokens < most,
  };
}
