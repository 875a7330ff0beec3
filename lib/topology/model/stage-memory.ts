import type { LayerCache, ModelShape, Quantization } from "../../catalog/models";
import { USUAL_TOKENS } from "./engine-overhead";
import { groupOf, groupPadding, layerCacheBytes } from "./layer-cache";
import type { ModelWeights } from "./model-weights";
import {
  expertShare,
  feedForwardRanks,
  kvHeadsPerRank,
  type Parallelism,
  sharedExpertRanks,
} from "./parallelism";

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

/** A draft model, whole on the last stage (vLLM `gpu_model_runner.py`). */
export interface DraftSize {
  readonly model: ModelSize;
  /** Ranks that share it. @default - those of the model */
  readonly tensor?: number;
  /** Whether it may take embedding and head from the model, so that the favourable end is without them. */
  readonly sharesTables: boolean;
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
  /** A draft model. @default - none */
  readonly draft?: DraftSize;
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

/** Entries of the vocabulary with its padding, which tensor parallelism must divide. */
export function paddedVocabulary(vocabularySize: number): number {
  return Math.ceil(vocabularySize / VOCABULARY_PADDING) * VOCABULARY_PADDING;
}

/** The weights that are counted: with a favourable end those that are certain. */
export function countedWeights({ model, favourable }: MemoryQuestion): ModelWeights {
  return (favourable ? model.leastWeights : undefined) ?? model.weights;
}

/**
 * Weights of a stage on one rank: its layers, embedding and encoders on the first, head, MTP modules and draft on the last.
 */
export function stageWeights(
  question: MemoryQuestion,
  weights: ModelWeights,
  stage: number,
  first: number,
  count: number,
): number {
  const { model, parallelism, loadsNextTokenModules, textOnly, favourable } = question;
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
      layer.feedForward / feedForwardRanks(parallelism) +
      layer.sharedExperts / sharedExpertRanks(parallelism) +
      layer.experts *
        expertShare(shape.moe?.experts ?? 0, parallelism) *
        (favourable ? 1 : expertPadding(model, parallelism)),
    (tables * padding) / tensor + encoders + (isLast ? draftWeights(question) : 0),
  );
}

function draftWeights(question: MemoryQuestion): number {
  const ofDraft = draftQuestion(question);
  if (ofDraft === undefined) {
    return 0;
  }
  const weights = countedWeights(ofDraft);
  const isShared = question.favourable && question.draft?.sharesTables;
  const counted = isShared ? { ...weights, embedding: 0, head: 0 } : weights;
  return stageWeights(ofDraft, counted, 0, 0, ofDraft.model.shape.layers);
}

/** The same question for the draft; `undefined`: there is none. */
function draftQuestion(question: MemoryQuestion): MemoryQuestion | undefined {
  const { draft, parallelism } = question;
  const { data, expertParallel } = parallelism;
  return (
    draft && {
      ...question,
      model: draft.model,
      parallelism: { tensor: draft.tensor ?? parallelism.tensor, pipeline: 1, data, expertParallel },
      loadsNextTokenModules: false,
      draft: undefined,
    }
  );
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

/** Cache of one sequence in the layers of a stage, on one rank; on the last stage also of the draft model or modules. */
export function stageCacheBytes(
  question: MemoryQuestion,
  first: number,
  layers: number,
  tokens: number,
): number {
  const { model, parallelism, kvElementBytes, batchedTokens = USUAL_TOKENS, favourable } = question;
  const elementBytes = kvElementBytes ?? model.cacheElementBytes ?? model.elementBytes;
  const { tensor, decodeContext = 1 } = parallelism;
  const isLast = first + layers === model.shape.layers;
  const caches = [
    ...model.shape.layerCaches.slice(first, first + layers),
    ...(isLast ? nextTokenCaches(question) : []),
  ];
  const padding = favourable ? undefined : groupPadding(caches);
  const ofDraft = isLast ? draftQuestion(question) : undefined;
  const draftBytes = ofDraft ? stageCacheBytes(ofDraft, 0, ofDraft.model.shape.layers, tokens) : 0;
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
  }, draftBytes);
}

/** Caches of the next-token prediction modules, each with the attention of the model's last layer that has a cache of all tokens. */
function nextTokenCaches({ model, loadsNextTokenModules }: MemoryQuestion): readonly LayerCache[] {
  const last = [...model.shape.layerCaches]
    .reverse()
    .find(({ kind }) => kind === "full" || kind === "latent");
  return loadsNextTokenModules && last ? model.weights.nextTokenLayers.map(() => last) : [];
}
