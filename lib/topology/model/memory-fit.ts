import { engineMemoryGiB } from "../../catalog/engines";
import type { ModelShape } from "../../catalog/models";
import type { ModelWeights } from "./model-weights";
import { kvHeadsPerRank, layerPartition, type Parallelism } from "./parallelism";

export const BYTES_PER_GIB = 2 ** 30;

/** Share of an accelerator's memory that engines take by default (vLLM `--gpu-memory-utilization`). */
export const DEFAULT_MEMORY_UTILIZATION = 0.9;

/** The vocabulary is padded to a multiple of this (vLLM `vocab_parallel_embedding.py`). */
const VOCABULARY_PADDING = 64;

/** The parts of a `Model` that memory depends on. */
export interface ModelSize {
  readonly shape: ModelShape;
  readonly weights: ModelWeights;
  /** Bytes of an element of the cache. */
  readonly elementBytes: number;
}

/** A model on a cluster, with its intended load. */
export interface MemoryQuestion {
  readonly model: ModelSize;
  readonly parallelism: Parallelism;
  /** Memory of one accelerator. */
  readonly acceleratorMemoryGiB: number;
  /** Longest sequence, prompt and answer together. */
  readonly contextTokens: number;
  /** Sequences of that length at the same time, in the whole cluster. */
  readonly concurrentSequences: number;
  /** @default 0.9 */
  readonly memoryUtilization?: number;
  /**
   * Bytes of one element of the cache; 1 for an FP8 cache.
   *
   * @default - those of the model's element type
   */
  readonly kvElementBytes?: number;
  /**
   * Memory of the engine besides weights and cache.
   *
   * @default - measured, from `lib/catalog/engine-memory.json`
   */
  readonly overheadGiB?: number;
}

/** What one rank of a pipeline stage holds. */
export interface StageMemory {
  /** From 0. */
  readonly stage: number;
  readonly layers: number;
  readonly weightsGiB: number;
  /** Bytes of one token in the rank's cache, copies of KV heads included. */
  readonly kvBytesPerToken: number;
  /** Cache of the stated load. */
  readonly kvCacheGiB: number;
  /** Weights, cache and overhead. */
  readonly totalGiB: number;
}

/** Whether a load fits, with the numbers. */
export interface MemoryFit {
  readonly stages: readonly StageMemory[];
  /** The stage with the least memory left. */
  readonly fullest: StageMemory;
  readonly overheadGiB: number;
  /** Memory that the engine may use on one accelerator. */
  readonly budgetGiB: number;
  /** Memory left on the fullest stage; negative: missing. */
  readonly headroomGiB: number;
  readonly fits: boolean;
  /** It fits, but with less to spare than engine releases differ by. */
  readonly tight: boolean;
  /** Tokens that the cache of the whole cluster holds; 0: not even the weights fit. */
  readonly maximumTokens: number;
  /** Sequences of the stated length that fit at the same time. */
  readonly maximumSequences: number;
  /** How often each key/value is stored within a tensor group; 1: once. */
  readonly kvCopies: number;
}

/**
 * Memory of the ranks: weights of their stage, cache of the stated load, and what the engine takes besides.
 * All ranks of a stage hold the same; the fullest stage decides.
 */
export function memoryFit(question: MemoryQuestion): MemoryFit {
  const { model, parallelism, contextTokens } = question;
  const overheadGiB = question.overheadGiB ?? engineOverheadGiB(model, parallelism);
  const budgetGiB =
    question.acceleratorMemoryGiB * (question.memoryUtilization ?? DEFAULT_MEMORY_UTILIZATION);
  // Each replica takes its share of the sequences, and the last one a whole one.
  const tokens = contextTokens * Math.ceil(question.concurrentSequences / parallelism.data);
  const stages = layerPartition(model.shape.layers, parallelism).map(
    (layers, stage, partition): StageMemory => {
      const first = partition.slice(0, stage).reduce((total, count) => total + count, 0);
      const weightsGiB = stageWeights(model, parallelism, stage, first, layers) / BYTES_PER_GIB;
      const kvBytesPerToken = layers * kvBytesPerLayer(model, parallelism, question.kvElementBytes);
      const kvCacheGiB = (tokens * kvBytesPerToken) / BYTES_PER_GIB;
      const totalGiB = weightsGiB + kvCacheGiB + overheadGiB;
      return { stage, layers, weightsGiB, kvBytesPerToken, kvCacheGiB, totalGiB };
    },
  );
  const fullest = stages.reduce((a, b) => (b.totalGiB > a.totalGiB ? b : a));
  const headroomGiB = budgetGiB - fullest.totalGiB;
  const room = (stage: StageMemory) => (budgetGiB - overheadGiB - stage.weightsGiB) * BYTES_PER_GIB;
  const perReplica = Math.min(...stages.map((stage) => Math.floor(room(stage) / stage.kvBytesPerToken)));
  const maximumTokens = Math.max(0, perReplica) * parallelism.data;
  return {
    stages,
    fullest,
    overheadGiB,
    budgetGiB,
    headroomGiB,
    fits: headroomGiB >= 0,
    tight: headroomGiB >= 0 && headroomGiB < engineMemoryGiB("activation-spread"),
    maximumTokens,
    maximumSequences: Math.floor(Math.max(0, perReplica) / contextTokens) * parallelism.data,
    kvCopies: kvCopies(model, parallelism.tensor),
  };
}

/** Entries of the vocabulary with its padding, which tensor parallelism must divide. */
export function paddedVocabulary(vocabularySize: number): number {
  return Math.ceil(vocabularySize / VOCABULARY_PADDING) * VOCABULARY_PADDING;
}

/** Activations and communication of one rank, as measured; activations do not shrink with tensor parallelism. */
function engineOverheadGiB(model: ModelSize, parallelism: Parallelism): number {
  return (
    engineMemoryGiB(model.shape.moe ? "activation-moe" : "activation-dense") +
    engineMemoryGiB(parallelism.tensor > 1 ? "communication-tensor-parallel" : "communication-one-rank")
  );
}

function stageWeights(
  model: ModelSize,
  parallelism: Parallelism,
  stage: number,
  first: number,
  count: number,
): number {
  const { shape, weights } = model;
  const { tensor, pipeline } = parallelism;
  const padding =
    shape.vocabularySize > 0 ? paddedVocabulary(shape.vocabularySize) / shape.vocabularySize : 1;
  const isLast = stage === pipeline - 1;
  const tables =
    (stage === 0 ? weights.embedding : 0) +
    (isLast && !(stage === 0 && shape.tiedEmbeddings) ? weights.head : 0);
  const kvShare = kvHeadsPerRank(shape.kvHeads, tensor) / shape.kvHeads;
  return weights.layers
    .slice(first, first + count)
    .reduce(
      (total, layer) =>
        total +
        layer.sharded / tensor +
        layer.kvHeads * kvShare +
        layer.replicated +
        layer.experts * expertShare(model, parallelism),
      (tables * padding) / tensor,
    );
}

/**
 * Share of a layer's routed experts that one rank holds. They are spread over tensor times data parallel ranks,
 * cut or whole (vLLM `docs/serving/data_parallel_deployment.md`).
 */
function expertShare(model: ModelSize, parallelism: Parallelism): number {
  const ranks = parallelism.tensor * parallelism.data;
  const experts = model.shape.moe?.experts ?? 0;
  return parallelism.expertParallel && experts > 0 ? Math.ceil(experts / ranks) / experts : 1 / ranks;
}

function kvBytesPerLayer(
  model: ModelSize,
  parallelism: Parallelism,
  elementBytes = model.elementBytes,
): number {
  const { kvHeads, headDim, mla } = model.shape;
  return mla
    ? (mla.kvRank + mla.ropeHeadDim) * elementBytes
    : 2 * kvHeadsPerRank(kvHeads, parallelism.tensor) * headDim * elementBytes;
}

function kvCopies(model: ModelSize, tensor: number): number {
  return model.shape.mla ? tensor : Math.max(1, tensor / model.shape.kvHeads);
}
