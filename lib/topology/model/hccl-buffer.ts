import type { ModelShape } from "../../catalog/models";
import { expertRanks, type Parallelism } from "./parallelism";

/** Tokens of one rank that HCCL's kernels for experts take at most (vllm-ascend `_MC2_TOKENS_PER_RANK_LIMIT`). */
const MOST_TOKENS = 512;

/** HCCL_BUFFSIZE where it is not set, in MB. */
export const DEFAULT_HCCL_BUFFER_MB = 200;

const MB = 2 ** 20;

/** What decides the buffer of HCCL that experts are dispatched through. */
export interface HcclBufferQuestion {
  readonly shape: ModelShape;
  readonly parallelism: Parallelism;
  /** Kind of board, e.g. `a3`. */
  readonly board: string | undefined;
  /** Tokens of one decoding step, drafts included. */
  readonly stepTokens: number;
}

/**
 * The least `HCCL_BUFFSIZE` in MB with which experts can be dispatched over the ranks; 0: they are not. As HCCL's own
 * message has it (`MoeDistributeDispatch`, "HCCL_BUFFSIZE is too SMALL"): twice the buffers of all experts for each
 * token that a rank may send, and of those that come back. 609 MB for 128 experts of width 2048, 8 for each token, and
 * 512 tokens (vllm-project/vllm-ascend#5287).
 */
export function neededHcclBufferMB({ shape, parallelism, board, stepTokens }: HcclBufferQuestion): number {
  const { hiddenSize, moe } = shape;
  if (moe === null || !dispatchesExperts(moe.experts, parallelism, board)) {
    return 0;
  }
  const tokens = Math.min(MOST_TOKENS, Math.ceil(Math.min(MOST_TOKENS, stepTokens) / parallelism.tensor));
  const ranks = expertRanks(parallelism);
  const sent = aligned(aligned(2 * hiddenSize, 32) + 64, 512) * ranks * Math.ceil(moe.experts / ranks);
  const back = aligned(2 * hiddenSize, 512) * moe.activeExperts;
  return Math.floor((2 * tokens * (sent + back)) / MB) + 1;
}

/** Which boards dispatch through HCCL's kernels (vllm-ascend `select_moe_comm_method`); the others gather. */
function dispatchesExperts(experts: number, parallelism: Parallelism, board: string | undefined): boolean {
  const ranks = expertRanks(parallelism);
  if (!parallelism.expertParallel || ranks === 1) {
    return false;
  }
  return board === "a3" || (board === "a2" && ranks >= 16 && Math.floor(experts / ranks) <= 24);
}

function aligned(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}
