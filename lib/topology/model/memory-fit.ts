import { engineMemoryGiB } from "../../catalog/engines";
import { engineOverheadGiB } from "./engine-overhead";
import { layerPartition, type Parallelism } from "./parallelism";
import {
  countedWeights,
  type MemoryQuestion,
  type ModelSize,
  stageCacheBytes,
  stageWeights,
} from "./stage-memory";

export const BYTES_PER_GIB = 2 ** 30;

/** Share of an accelerator's memory that engines take where nothing else is known of them. */
export const DEFAULT_MEMORY_UTILIZATION = 0.9;

/** What one rank of a pipeline stage holds. */
export interface StageMemory {
  /** From 0. */
  readonly stage: number;
  /** Layers of the stage. */
  readonly layers: number;
  /** Weights of one rank. */
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
  /** Each pipeline stage, in order. */
  readonly stages: readonly StageMemory[];
  /** The stage with the least memory left. */
  readonly fullest: StageMemory;
  /** What the engine takes besides weights and cache, on one accelerator. */
  readonly overheadGiB: number;
  /** Memory that weights, cache and engine may take on one accelerator. */
  readonly budgetGiB: number;
  /** Memory left on the fullest stage; negative: missing. */
  readonly headroomGiB: number;
  /** Whether weights, cache and engine fit on every stage. */
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
  const weights = countedWeights(question);
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
  if (cacheShare === undefined) {
    return budgetGiB - takenGiB;
  }
  const leftGiB = acceleratorMemoryGiB - takenGiB;
  // What is missing is missing as a whole.
  return leftGiB < 0 ? leftGiB : leftGiB * cacheShare;
}

/** The largest number of tokens up to `wanted` that fits; 0: not even one does. */
function longest(wanted: number, fits: (tokens: number) => boolean): number {
  if (fits(wanted)) {
    return wanted;
  }
  let [least, most] = [0, wanted - 1];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    [least, most] = fits(middle) ? [middle, most] : [least, middle - 1];
  }
  return least;
}

function kvCopies({ shape }: ModelSize, { tensor, decodeContext = 1 }: Parallelism): number {
  return Math.max(1, (shape.mla ? tensor : tensor / shape.kvHeads) / decodeContext);
}
