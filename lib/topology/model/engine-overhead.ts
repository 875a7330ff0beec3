import { engineMemoryGiB } from "../../catalog/engines";
import type { ModelShape } from "../../catalog/models";
import type { Parallelism } from "./parallelism";

const BYTES_PER_GIB = 2 ** 30;

/** Tokens and sequences of one step where nothing is known of them: those of vLLM on a large GPU. */
export const USUAL_TOKENS = 8192;
const USUAL_SEQUENCES = 1024;

/** Entries of the vocabulary of a model that is given by numbers without it. */
const USUAL_VOCABULARY = 152064;

/** Engines take more tokens than this through the experts in parts. */
const MOST_TOKENS_OF_EXPERTS = 16384;

/** Below this memory of an accelerator less was logged for communication than on the large ones. */
const LARGE_GIB = 70;

/** Bytes of a logit, and of an activation. */
const LOGIT_BYTES = 4;
const ACTIVATION_BYTES = 2;

/**
 * Copies of the logits of all sequences at the peak of sampling, fitted to the logs of 28 models by vLLM 0.19.0
 * (3.67 to 3.9), and to those of 5 models by releases that sort (9.56 to 9.64).
 */
const LOGIT_COPIES = 3.7;
const SORTED_LOGIT_COPIES = 9.6;

/** Hidden states of all tokens at the peak of a forward pass, beside the feed-forward. */
const HIDDEN_COPIES = 5;

/** What decides how much memory an engine takes besides weights and cache. */
export interface OverheadQuestion {
  readonly shape: Pick<ModelShape, "vocabularySize" | "hiddenSize" | "intermediateSize" | "moe">;
  readonly parallelism: Parallelism;
  readonly acceleratorMemoryGiB: number;
  /** Whether what goes through the experts has buffers that stay; the kernels for MXFP4 have none. @default true */
  readonly buffersExperts?: boolean;
  /** Most tokens of one step. @default 8192 */
  readonly batchedTokens?: number;
  /** Most sequences of one step. @default 1024 */
  readonly batchedSequences?: number;
  /** Whether sampling sorts the logits, as vLLM did before 0.17. @default false */
  readonly sortsLogits?: boolean;
  /** Whether captured graphs are part of the engine's share of memory. @default false */
  readonly budgetsGraphs?: boolean;
}

/**
 * Activations, communication and captured graphs of one rank.
 *
 * @param favourable the least that is known to be enough, instead of what is likely
 */
export function engineOverheadGiB(question: OverheadQuestion, favourable: boolean): number {
  const { parallelism, acceleratorMemoryGiB, sortsLogits = false } = question;
  const isSmall = favourable && acceleratorMemoryGiB < LARGE_GIB;
  const communication = engineMemoryGiB(communicationOf(parallelism.tensor, isSmall, sortsLogits));
  const graphs = question.budgetsGraphs === true && !favourable ? engineMemoryGiB("graph-capture") : 0;
  return activationsGiB(question, favourable) + communication + graphs;
}

/** The row of the catalogue for communication and runtime. */
function communicationOf(tensor: number, isSmall: boolean, isOld: boolean): string {
  if (tensor > 1 && isSmall) {
    return "communication-small";
  }
  return `communication-${tensor === 1 ? "one-rank" : "tensor-parallel"}${isOld ? "-sorting" : ""}`;
}

/**
 * Peak of a step with the most tokens and sequences: sampling, for which each rank has the logits of the whole
 * vocabulary, or the forward pass, whichever is larger; and the buffers of the experts, which stay.
 */
function activationsGiB(question: OverheadQuestion, favourable: boolean): number {
  const { shape, parallelism, batchedSequences = USUAL_SEQUENCES, sortsLogits = false } = question;
  const { tensor, expertParallel } = parallelism;
  const tokens = question.batchedTokens ?? USUAL_TOKENS;
  const counted = favourable ? Math.min(tokens, USUAL_TOKENS) : tokens;
  const copies = sortsLogits && !favourable ? SORTED_LOGIT_COPIES : LOGIT_COPIES;
  const vocabulary = shape.vocabularySize || USUAL_VOCABULARY;
  const hidden = counted * shape.hiddenSize * ACTIVATION_BYTES;
  const feedForward = (counted * 3 * shape.intermediateSize * ACTIVATION_BYTES) / tensor;
  const sampling = copies * batchedSequences * vocabulary * LOGIT_BYTES + hidden;
  const forward = feedForward + HIDDEN_COPIES * hidden;
  const throughExperts = question.buffersExperts === false ? 0 : Math.min(counted, MOST_TOKENS_OF_EXPERTS);
  const experts = expertBytes(shape, throughExperts, expertParallel ? 1 : tensor);
  return (Math.max(sampling, forward) + experts) / BYTES_PER_GIB;
}

/** Two buffers of what goes through the experts (vLLM `fused_moe/modular_kernel.py`): one shared by the widest, one. */
function expertBytes({ moe, hiddenSize }: OverheadQuestion["shape"], tokens: number, parts: number): number {
  if (moe === null) {
    return 0;
  }
  const width = moe.expertWidth / parts;
  return tokens * moe.activeExperts * (Math.max(2 * width, hiddenSize) + width) * ACTIVATION_BYTES;
}
