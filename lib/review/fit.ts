import type { ClusterPlan } from "../topology/plan/plan";

/** Whether the model fits, in numbers; GiB are those of one accelerator. */
export interface FitReview {
  readonly contextTokens: number;
  /** Whether the engine takes the longest that fits when it starts, so that this is what is expected. */
  readonly contextIsExpected: boolean;
  /** Requests of that length at a time, in the whole cluster. */
  readonly requestsAtATime: number;
  /** Tokens that the cache of the whole cluster holds. */
  readonly cacheTokens: number;
  readonly acceleratorGiB: number;
  /** Of it, what the engine may take. */
  readonly budgetGiB: number;
  /** Taken by weights and engine on the fullest stage. */
  readonly takenGiB: number;
  readonly stages: readonly StageReview[];
}

export interface StageReview {
  readonly stage: number;
  readonly layers: number;
  readonly weightsGiB: number;
  readonly engineGiB: number;
  /** Left for the cache. */
  readonly cacheGiB: number;
  readonly requests: number;
}

/** `null`: the model, its cut or the accelerators' memory is not known. */
export function fitReview({ memory }: ClusterPlan): FitReview | null {
  if (memory === undefined) {
    return null;
  }
  const { fit, contextTokens, contextFits, acceleratorMemoryGiB } = memory;
  return {
    contextTokens,
    contextIsExpected: contextFits,
    requestsAtATime: fit.maximumSequences,
    cacheTokens: fit.maximumTokens,
    acceleratorGiB: acceleratorMemoryGiB,
    budgetGiB: tenth(fit.budgetGiB),
    takenGiB: tenth(fit.fullest.weightsGiB + fit.overheadGiB),
    stages: fit.stages.map(({ stage, layers, weightsGiB, roomGiB, sequences }) => ({
      stage,
      layers,
      weightsGiB: tenth(weightsGiB),
      engineGiB: tenth(fit.overheadGiB),
      cacheGiB: tenth(roomGiB),
      requests: sequences,
    })),
  };
}

/** The numbers of a sentence. */
export function fitText(fit: FitReview): string {
  const { takenGiB, budgetGiB, acceleratorGiB, requestsAtATime, contextTokens, contextIsExpected } = fit;
  const expected = contextIsExpected
    ? " (the longest context that is expected to fit; the engine decides when it starts)"
    : "";
  const free = tenth(budgetGiB - takenGiB);
  return (
    `weights and engine take ${takenGiB} of the ${budgetGiB} GiB that the engine may use on each accelerator (${acceleratorGiB} GiB), ` +
    `${free} GiB remain for the KV cache: **${requestsAtATime} concurrent requests of ${contextTokens} tokens**${expected}`
  );
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
