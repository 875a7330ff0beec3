import type { ModelShape } from "../../catalog/models";
import type { ModelWeights } from "./model-weights";

/** A model by its numbers, for one that is neither in the catalogue nor has a known configuration. */
export interface ModelNumbers {
  /** Name in reviews and messages. */
  readonly name: string;
  /** Bytes of all weights. */
  readonly weightBytes: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly hiddenSize: number;
  /**
   * Key/value heads.
   *
   * @default - as many as attention heads
   */
  readonly kvHeads?: number;
  /**
   * Width of one head.
   *
   * @default - hidden size by attention heads
   */
  readonly headDim?: number;
  /**
   * Elements that one token takes in the cache of one layer, for latent attention: rank plus rotary width, e.g. 576.
   *
   * @default - keys and values of all KV heads
   */
  readonly latentCacheWidth?: number;
  /**
   * Entries of the vocabulary; with it, embedding and head count on the first and last pipeline stage.
   *
   * @default - all weights spread evenly over the layers
   */
  readonly vocabularySize?: number;
  /**
   * Intermediate width of the feed-forwards, which tensor parallelism must divide.
   *
   * @default - not checked
   */
  readonly intermediateSize?: number;
  /**
   * Most tokens of one sequence.
   *
   * @default - not checked
   */
  readonly maximumContextTokens?: number;
  /**
   * Parameters, for the review.
   *
   * @default - weight bytes by the bytes of an element
   */
  readonly parameters?: number;
  /**
   * Element type of activations and cache.
   *
   * @default bfloat16
   */
  readonly dtype?: string;
  /**
   * Routed experts of a layer. Only says that the model has experts: their weights are not counted apart.
   *
   * @default 0
   */
  readonly experts?: number;
}

/** The numbers as a shape; what was not given is 0 and left out of the checks. */
export function shapeOfNumbers(numbers: ModelNumbers): ModelShape {
  const headDim = numbers.headDim ?? numbers.hiddenSize / numbers.attentionHeads;
  const required = { ...numbers, headDim, kvHeads: numbers.kvHeads ?? numbers.attentionHeads };
  for (const key of [
    "weightBytes",
    "layers",
    "attentionHeads",
    "hiddenSize",
    "kvHeads",
    "headDim",
  ] as const) {
    if (!Number.isInteger(required[key]) || required[key] < 1) {
      throw new Error(
        `model '${numbers.name}': ${key} must be a whole number of at least 1, got ${required[key]}`,
      );
    }
  }
  const { latentCacheWidth, experts } = numbers;
  return {
    modelType: "numbers",
    hiddenSize: numbers.hiddenSize,
    intermediateSize: numbers.intermediateSize ?? 0,
    layers: numbers.layers,
    attentionHeads: numbers.attentionHeads,
    kvHeads: required.kvHeads,
    headDim,
    vocabularySize: numbers.vocabularySize ?? 0,
    tiedEmbeddings: false,
    attentionBias: "none",
    queryKeyNorm: false,
    mla: latentCacheWidth
      ? {
          queryRank: null,
          kvRank: latentCacheWidth,
          nopeHeadDim: headDim,
          ropeHeadDim: 0,
          valueHeadDim: headDim,
        }
      : null,
    moe: experts
      ? { experts, activeExperts: 0, expertWidth: 0, sharedWidth: 0, sharedGate: false, denseLayers: [] }
      : null,
    nextTokenModules: 0,
    maximumContextTokens: numbers.maximumContextTokens ?? 0,
  };
}

/** Weights spread evenly over the layers, all of them cut by tensor parallelism. */
export function evenWeights(numbers: ModelNumbers, elementBytes: number): ModelWeights {
  const table = (numbers.vocabularySize ?? 0) * numbers.hiddenSize * elementBytes;
  const sharded = (numbers.weightBytes - 2 * table) / numbers.layers;
  if (sharded <= 0) {
    throw new Error(
      `model '${numbers.name}': weightBytes must be more than embedding and head, ` +
        `got ${numbers.weightBytes} with ${2 * table} for these`,
    );
  }
  return {
    embedding: table,
    head: table,
    layers: Array.from({ length: numbers.layers }, () => ({
      sharded,
      kvHeads: 0,
      replicated: 0,
      experts: 0,
    })),
    nextTokenModules: 0,
  };
}
