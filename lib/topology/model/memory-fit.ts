import { engineMemoryGiB } from "../../catalog/engines";
import type { ModelShape, Quantization } from "../../catalog/models";
import type { ModelWeights } from "./model-weights";
import { groupOf, groupPadding, layerCacheBytes } from "./layer-cache";
import { engineOverheadGiB, USUAL_TOKENS } from "./engine-overhead";
import { expertRanks, kvHeadsPerRank, layerPartition, type Parallelism } from "./parallelism";

export const BYTES_PER_GIB = 2 ** 30;

/** Share of an accelerator's memory that engines take where nothing else is known of them. */
export const DEFAULT_MEMORY_UTILIZATION = 0.9;

/** The vocabulary is padded to a multiple of this (vLLM `vocab_parallel_embedding.py`). */
const VOCABULARY_PADDING = 64;

/** The parts of a `Model` that memory depends on. */
export interface ModelSize {
  readonly shape: ModelShape;
  readonly weights: ModelWeights;
  /** The favourable end of what the weights may be. @default - `weights`, which are exact */
  readonly leastWeights?: ModelWeights;
  /** How the linear layers are quantized. @default - not known */
  readonly quantization?: Quantization | null;
  /** Bytes of an element of what is not quantized, the cache included. */
  readonly elementBytes: number;
  /** Bytes of an element of the cache, where the checkpoint says them. @default - `elementBytes` */
  readonly cacheElementBytes?: number;
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
   * Share of what weights and engine leave that the cache takes, for an engine that counts so.
   *
   * @default - it counts by `memoryUtilization`
   */
  readonly cacheShare?: number;
  /** Memory of the cache of each rank, whatever the shares. @default - what the share of memory leaves */
  readonly cacheGiB?: number;
  /**
   * Bytes of one element of the cache; 1 for an FP8 cache.
   *
   * @default - those of the model's element type
   */
  readonly kvElementBytes?: number;
  /** Weights of each rank that stay in the machine's memory. @default 0 */
  readonly cpuOffloadGiB?: number;
  /** Most tokens of one step. @default 8192 */
  readonly batchedTokens?: number;
  /** Most sequences of one step. @default 1024 */
  readonly batchedSequences?: number;
  /** Whether sampling sorts the logits, as vLLM did before 0.17. @default false */
  readonly sortsLogits?: boolean;
  /** Whether captured graphs are part of the engine's share of memory. @default false */
  readonly budgetsGraphs?: boolean;
  /** Whether the model's next-token prediction modules are loaded. @default false */
  readonly loadsNextTokenModules?: boolean;
  /** Whether the encoders of images and sounds stay away. @default false */
  readonly textOnly?: boolean;
  /**
   * Memory of the engine besides weights and cache.
   *
   * @default - measured, from `lib/catalog/engine-memory.json`
   */
  readonly overheadGiB?: number;
  /**
   * Whether what is uncertain counts with its favourable end: what does not fit even so cannot work.
   *
   * @default false
   */
  readonly favourable?: boolean;
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
  /** Memory that the engine gives to the cache; negative: not even the weights fit. */
  readonly roomGiB: number;
  /** Tokens of each sequence of the stated load that fit, up to the stated ones; 0: not even one. */
  readonly longestTokens: number;
  /** Sequences of the stated length that fit at the same time. */
  readonly sequences: number;
}

/** Whether a load fits, with the numbers. */
export interface MemoryFit {
  readonly stages: readonly StageMemory[];
  /** The stage with the least memory left. */
  readonly fullest: StageMemory;
  readonly overheadGiB: number;
  /** Memory that weights, cache and engine may take on one accelerator. */
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
  /** Tokens of each sequence of the stated load that fit, up to the stated ones. */
  readonly longestTokens: number;
  /** How often each key/value is stored within a tensor group; 1: once. */
  readonly kvCopies: number;
}

/**
 * Memory of the ranks: weights of their stage, cache of the stated load, and what the engine takes besides.
 * All ranks of a stage hold the same; the fullest stage decides.
 */
export function memoryFit(question: MemoryQuestion): MemoryFit {
  const { model, parallelism, contextTokens, acceleratorMemoryGiB, favourable = false } = question;
  const overheadGiB =
    question.overheadGiB ??
    engineOverheadGiB(
      { ...question, shape: model.shape, buffersExperts: model.quantization?.method !== "mxfp4" },
      favourable,
    );
  const budgetGiB = acceleratorMemoryGiB * (question.memoryUtilization ?? DEFAULT_MEMORY_UTILIZATION);
  // Each replica takes its share of the sequences, and the last one a whole one.
  const sequences = Math.ceil(question.concurrentSequences / parallelism.data);
  const weights = (favourable ? model.leastWeights : undefined) ?? model.weights;
  const stages = layerPartition(model.shape.layers, parallelism).map(
    (layers, stage, partition): StageMemory => {
      const first = partition.slice(0, stage).reduce((total, count) => total + count, 0);
      const bytes = stageWeights(question, weights, stage, first, layers);
      const weightsGiB = Math.max(0, bytes / BYTES_PER_GIB - (question.cpuOffloadGiB ?? 0));
      const cacheOf = (tokens: number) => stageCacheBytes(question, first, layers, tokens) / BYTES_PER_GIB;
      const kvCacheGiB = sequences * cacheOf(contextTokens);
      const roomGiB = cacheRoomGiB(question, budgetGiB, weightsGiB + overheadGiB);
      return {
        stage,
        layers,
        weightsGiB,
        kvBytesPerToken: (kvCacheGiB * BYTES_PER_GIB) / (sequences * contextTokens),
        kvCacheGiB,
        totalGiB: weightsGiB + kvCacheGiB + overheadGiB,
        roomGiB,
        longestTokens: longest(contextTokens, (tokens) => sequences * cacheOf(tokens) <= roomGiB),
        sequences: roomGiB < 0 ? 0 : Math.floor(roomGiB / cacheOf(contextTokens)),
      };
    },
  );
  const fullest = stages.reduce((a, b) => (b.roomGiB - b.kvCacheGiB < a.roomGiB - a.kvCacheGiB ? b : a));
  const headroomGiB = fullest.roomGiB - fullest.kvCacheGiB;
  const perReplica = Math.min(
    ...stages.map(({ roomGiB, kvBytesPerToken }) => Math.floor((roomGiB * BYTES_PER_GIB) / kvBytesPerToken)),
  );
  return {
    stages,
    fullest,
    overheadGiB,
    budgetGiB: fullest.totalGiB + headroomGiB,
    headroomGiB,
    fits: headroomGiB >= 0,
    tight: headroomGiB >= 0 && headroomGiB < engineMemoryGiB("activation-spread"),
    maximumTokens: Math.max(0, perReplica) * parallelism.data,
    maximumSequences: Math.min(...stages.map((stage) => stage.sequences)) * parallelism.data,
    longestTokens: Math.min(...stages.map((stage) => stage.longestTokens)),
    kvCopies: kvCopies(model, parallelism),
  };
}

/** Memory of a stage's cache, by the way in which the engine counts. */
function cacheRoomGiB(question: MemoryQuestion, budgetGiB: number, takenGiB: number): number {
  const { acceleratorMemoryGiB, cacheShare, cacheGiB } = question;
  if (cacheGiB !== undefined) {
    return Math.min(cacheGiB, acceleratorMemoryGiB - takenGiB);
  }
  return cacheShare === undefined ? budgetGiB - takenGiB : (acceleratorMemoryGiB - takenGiB) * cacheShare;
}

/** The largest number of tokens up to `wanted` that fits; 0: not even one does. */
function longest(wanted: number, fits: (tokens: number) => boolean): number {
  let [least, most] = [0, wanted];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    [least, most] = fits(middle) ? [middle, most] : [least, middle - 1];
  }
  return least;
}

/** Entries of the vocabulary with its padding, which tensor parallelism must divide. */
export function paddedVocabulary(vocabularySize: number): number {
  return Math.ceil(vocabularySize / VOCABULARY_PADDING) * VOCABULARY_PADDING;
}

/** Weights of a stage on one rank: its layers, embedding and encoders on the first, head and MTP modules on the last. */
function stageWeights(
  { model, parallelism, loadsNextTokenModules, textOnly, favourable }: MemoryQuestion,
  weights: ModelWeights,
  stage: number,
  first: number,
  count: number,
): number {
  const { shape } = model;
  const { tensor, pipeline } = parallelism;
  const padding =
    shape.vocabularySize > 0 ? paddedVocabulary(shape.vocabularySize) / shape.vocabularySize : 1;
  const isLast = stage === pipeline - 1;
  const tables =
    (stage === 0 ? weights.embedding : 0) +
    (isLast && !(stage === 0 && shape.tiedEmbeddings) ? weights.head : 0);
  // Whether an engine cuts an encoder depends on its heads and on a flag.
  const encoders = stage === 0 && !textOnly ? weights.encoders / (favourable ? tensor : 1) : 0;
  const ahead = isLast && loadsNextTokenModules ? weights.nextTokenLayers : [];
  const kvShare = kvHeadsPerRank(shape.kvHeads, tensor) / shape.kvHeads;
  return [...weights.layers.slice(first, first + count), ...ahead].reduce(
    (total, layer) =>
      total +
      layer.sharded / tensor +
      layer.kvHeads * kvShare +
      layer.replicated +
      layer.experts * expertShare(model, parallelism) * (favourable ? 1 : expertPadding(model, parallelism)),
    (tables * padding) / tensor + encoders,
  );
}

/**
 * Share of a layer's routed experts that one rank holds. They are spread over tensor times data parallel ranks,
 * cut or whole (vLLM `docs/serving/data_parallel_deployment.md`).
 */
function expertShare(model: ModelSize, parallelism: Parallelism): number {
  const ranks = expertRanks(parallelism);
  const experts = model.shape.moe?.experts ?? 0;
  return parallelism.expertParallel && experts > 0 ? Math.ceil(experts / ranks) / experts : 1 / ranks;
}

/** To multiples of these, engines fill up hidden size and width of a rank's MXFP4 experts (vLLM `fused_moe/oracle/mxfp4.py`). */
const MXFP4_HIDDEN = 256;
const MXFP4_WIDTH = 128;

/** How much larger the experts are in memory than in the files. */
function expertPadding({ shape: { moe, hiddenSize }, quantization }: ModelSize, cut: Parallelism): number {
  if (moe === null || quantization?.method !== "mxfp4") {
    return 1;
  }
  const width = moe.expertWidth / (cut.expertParallel ? 1 : cut.tensor);
  return filled(hiddenSize, MXFP4_HIDDEN) * filled(width, MXFP4_WIDTH);
}

/** A size filled up to a multiple of a unit, as a multiple of itself. */
function filled(size: number, unit: number): number {
  return (Math.ceil(size / unit) * unit) / size;
}

/** Cache of one sequence in the layers of a stage, on one rank. */
function stageCacheBytes(
  { model, parallelism, kvElementBytes, batchedTokens = USUAL_TOKENS, favourable }: MemoryQuestion,
  first: number,
  layers: number,
  tokens: number,
): number {
  const elementBytes = kvElementBytes ?? model.cacheElementBytes ?? model.elementBytes;
  const { tensor, decodeContext = 1 } = parallelism;
  const caches = model.shape.layerCaches.slice(first, first + layers);
  const padding = favourable ? undefined : groupPadding(caches);
  return caches.reduce((total, cache) => {
    // Windows and states stay whole on each rank.
    const shared = cache.kind === "full" || cache.kind === "latent" ? decodeContext : 1;
    // The tokens of a step come to those of the window (vLLM `SlidingWindowSpec.max_memory_usage_bytes`).
    const windowTokens = cache.windowTokens && cache.windowTokens + (favourable ? 0 : batchedTokens - 1);
    const bytes = layerCacheBytes(
      { ...cache, windowTokens },
      Math.ceil(tokens / shared),
      tensor,
      elementBytes,
    );
    return total + bytes * (padding?.get(groupOf(cache)) ?? 1);
  }, 0);
}

function kvCopies({ shape }: ModelSize, { tensor, decodeContext = 1 }: Parallelism): number {
  return Math.max(1, (shape.mla ? tensor : tensor / shape.kvHeads) / decodeContext);
}
