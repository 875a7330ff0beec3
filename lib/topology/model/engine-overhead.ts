import { engineMemoryGiB } from "../../catalog/engines";
import type { Parallelism } from "./parallelism";

/** Tokens of one step with which the activations of the catalogue were measured. */
const MEASURED_TOKENS = 8192;

/** Below this memory of an accelerator less was logged for communication than on the large ones. */
const LARGE_GIB = 70;

/** What decides how much memory an engine takes besides weights and cache. */
export interface OverheadQuestion {
  readonly hasExperts: boolean;
  readonly parallelism: Parallelism;
  readonly acceleratorMemoryGiB: number;
  /** Most tokens of one step. @default 8192, with which the activations were measured */
  readonly batchedTokens?: number;
  /** Whether captured graphs are part of the engine's share of memory. @default false */
  readonly budgetsGraphs?: boolean;
}

/**
 * Activations, communication and captured graphs of one rank, as measured. Activations grow with the tokens of a step
 * and do not shrink with tensor parallelism.
 *
 * @param favourable the least that is known to be enough, instead of the most that was measured
 */
export function engineOverheadGiB(question: OverheadQuestion, favourable: boolean): number {
  const { hasExperts, parallelism, acceleratorMemoryGiB, batchedTokens = MEASURED_TOKENS } = question;
  const measured = engineMemoryGiB(hasExperts ? "activation-moe" : "activation-dense");
  const scale = batchedTokens / MEASURED_TOKENS;
  const activations = measured * (favourable ? Math.min(1, scale) : scale);
  const isSmall = favourable && acceleratorMemoryGiB < LARGE_GIB;
  const communication = engineMemoryGiB(
    parallelism.tensor === 1
      ? "communication-one-rank"
      : isSmall
        ? "communication-small"
        : "communication-tensor-parallel",
  );
  const graphs = question.budgetsGraphs === true && !favourable ? engineMemoryGiB("graph-capture") : 0;
  return activations + communication + graphs;
}
