import type { ModelShape } from "../../catalog/models";
import { cacheOf } from "./layer-cache";
import type { LayerStructure, LinearMixer, Mixer, ModelStructure } from "./layer-structure";
import { EMPTY_LAYER, type ModelWeights } from "./model-weights";

/** A model by its numbers, for one that is neither in the catalogue nor has a configuration at hand. */
export interface ModelNumbers {
  /** Name in reviews and messages. */
  readonly name: string;
  /** Bytes of all weights. */
  readonly weightBytes: number;
  /** Transformer layers. */
  readonly layers: number;
  /** Query heads of each layer. */
  readonly attentionHeads: number;
  /** Width of a token between the layers. */
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
  /** Parameters, for the review. @default - weight bytes by the bytes of an element */
  readonly parameters?: number;
  /**
   * Element type of activations and cache.
   *
   * @default bfloat16
   */
  readonly dtype?: string;
  /**
   * Routed experts of a layer. They are spread over tensor times data parallel ranks.
   *
   * @default 0
   */
  readonly experts?: number;
  /**
   * Bytes of all routed experts of all layers.
   *
   * @default - what attention, embedding and head leave of the weights, between an upper and a lower estimate
   */
  readonly expertBytes?: number;
  /**
   * Intermediate width of one routed expert, which tensor parallelism must divide.
   *
   * @default - not checked
   */
  readonly expertWidth?: number;
  /**
   * Tokens that layers with a window keep.
   *
   * @default - all layers keep all tokens
   */
  readonly slidingWindow?: number;
  /**
   * Layers with the window.
   *
   * @default - all layers where `slidingWindow` is given, else 0
   */
  readonly windowLayers?: number;
  /**
   * Layers with linear attention or a state space, which keep no tokens.
   *
   * @default 0
   */
  readonly linearLayers?: number;
}

/** Attention of a layer: at least its output and its query projection, at most twice that. */
const LATENT_PROJECTIONS = 1.7;

/** Width of a head of latent attention, which its cache does not tell. */
const LATENT_HEAD_DIM = 128;

/** The numbers as a structure; what was not given is 0 and left out of the checks. */
export function structureOfNumbers(numbers: ModelNumbers): ModelStructure {
  const headDim = numbers.headDim ?? numbers.hiddenSize / numbers.attentionHeads;
  const kvHeads = numbers.kvHeads ?? numbers.attentionHeads;
  checkNumbers({ ...numbers, headDim, kvHeads });
  const { experts, intermediateSize = 0, layers: count } = numbers;
  const windows = numbers.windowLayers ?? (numbers.slidingWindow ? count : 0);
  const linear = numbers.linearLayers ?? 0;
  const layers = Array.from({ length: count }, (_, layer): LayerStructure => {
    const isLinear = evenly(linear, count, layer);
    const isWindow =
      !isLinear && evenly(windows, count - linear, layer - Math.floor((layer * linear) / count));
    return {
      mixer: isLinear ? LINEAR : attentionOf(numbers, headDim, kvHeads, isWindow),
      feedForward: {
        denseWidth: experts ? 0 : intermediateSize,
        experts: experts
          ? {
              count: experts,
              width: numbers.expertWidth ?? 0,
              inputWidth: numbers.hiddenSize,
              sharedWidth: 0,
              sharedGate: false,
              bias: false,
            }
          : null,
        gated: true,
      },
      vectorElements: 0,
      copies: 1,
    };
  });
  return {
    shape: shapeOf(numbers, headDim, kvHeads, layers),
    layers,
    nextTokenLayers: [],
    nextTokenTables: false,
    inputElements: 0,
    encoderParameters: 0,
    assumptions: [],
  };
}

/**
 * Weights spread evenly over the layers.
 *
 * @param attentionBytes bytes of one weight of the attention, where experts take what it leaves
 */
export function evenWeights(
  numbers: ModelNumbers,
  elementBytes: number,
  attentionBytes: number = elementBytes,
): ModelWeights {
  const table = (numbers.vocabularySize ?? 0) * numbers.hiddenSize * elementBytes;
  const perLayer = (numbers.weightBytes - 2 * table) / numbers.layers;
  if (perLayer <= 0) {
    throw new Error(
      `model '${numbers.name}': weightBytes must be more than embedding and head, ` +
        `got ${numbers.weightBytes} with ${2 * table} for these`,
    );
  }
  const experts = expertBytesOf(numbers, perLayer, attentionBytes);
  const layer = { ...EMPTY_LAYER, sharded: perLayer - experts, experts };
  return {
    embedding: table,
    head: table,
    layers: Array.from({ length: numbers.layers }, () => layer),
    nextTokenModules: 0,
    nextTokenLayers: [],
    encoders: 0,
  };
}

function expertBytesOf(numbers: ModelNumbers, perLayer: number, attentionBytes: number): number {
  if (numbers.expertBytes !== undefined) {
    const bytes = numbers.expertBytes / numbers.layers;
    if (!(bytes > 0 && bytes <= perLayer)) {
      throw new Error(
        `model '${numbers.name}': expertBytes must be more than 0 and at most the ` +
          `${perLayer * numbers.layers} bytes of the layers, got ${numbers.expertBytes}`,
      );
    }
    return bytes;
  }
  if (!numbers.experts) {
    return 0;
  }
  const { hiddenSize, attentionHeads, kvHeads = attentionHeads } = numbers;
  const attention = numbers.latentCacheWidth
    ? LATENT_PROJECTIONS * attentionHeads * LATENT_HEAD_DIM * hiddenSize
    : 2 * (attentionHeads + kvHeads) * (numbers.headDim ?? hiddenSize / attentionHeads) * hiddenSize;
  return Math.max(perLayer / 2, perLayer - attention * attentionBytes);
}

function attentionOf(numbers: ModelNumbers, headDim: number, kvHeads: number, isWindow: boolean): Mixer {
  const window = isWindow ? (numbers.slidingWindow ?? 0) : null;
  return numbers.latentCacheWidth
    ? {
        kind: "latent",
        heads: numbers.attentionHeads,
        latent: latentOf(numbers.latentCacheWidth, headDim),
        outputGate: "none",
        window,
        indexer: null,
      }
    : {
        kind: "heads",
        heads: numbers.attentionHeads,
        kvHeads,
        keyDim: headDim,
        valueDim: headDim,
        window,
        outputGate: "none",
        bias: "none",
        normElements: 0,
        ownKeys: true,
        ownValues: true,
        extraElements: 0,
        indexer: null,
      };
}

/** The state of a linear layer is small and cut by heads that are not known: it counts as nothing. */
const LINEAR: LinearMixer = {
  kind: "linear",
  form: "gated-delta",
  keyHeads: 0,
  valueHeads: 0,
  keyDim: 0,
  valueDim: 0,
  kernel: 0,
  forgetRank: 0,
  outputRank: 0,
};

function latentOf(width: number, headDim: number) {
  return { queryRank: null, kvRank: width, nopeHeadDim: headDim, ropeHeadDim: 0, valueHeadDim: headDim };
}

function shapeOf(
  numbers: ModelNumbers,
  headDim: number,
  kvHeads: number,
  layers: readonly LayerStructure[],
): ModelShape {
  const { latentCacheWidth, experts } = numbers;
  return {
    modelType: "numbers",
    hiddenSize: numbers.hiddenSize,
    intermediateSize: numbers.intermediateSize ?? 0,
    layers: numbers.layers,
    attentionHeads: numbers.attentionHeads,
    kvHeads,
    headDim,
    vocabularySize: numbers.vocabularySize ?? 0,
    tiedEmbeddings: false,
    mla: latentCacheWidth ? latentOf(latentCacheWidth, headDim) : null,
    moe: experts
      ? {
          experts,
          activeExperts: 0,
          expertWidth: numbers.expertWidth ?? 0,
          sharedWidth: 0,
          sharedGate: false,
          denseLayers: [],
        }
      : null,
    nextTokenModules: 0,
    maximumContextTokens: numbers.maximumContextTokens ?? 0,
    layerCaches: layers.map(({ mixer }) => cacheOf(mixer)),
  };
}

/** Whether a layer is one of `some` that lie evenly among `all`. */
function evenly(some: number, all: number, layer: number): boolean {
  return Math.floor(((layer + 1) * some) / all) > Math.floor((layer * some) / all);
}

function checkNumbers(numbers: ModelNumbers): void {
  for (const key of [
    "weightBytes",
    "layers",
    "attentionHeads",
    "hiddenSize",
    "kvHeads",
    "headDim",
  ] as const) {
    const value = numbers[key];
    if (value === undefined || !Number.isInteger(value) || value < 1) {
      throw new Error(`model '${numbers.name}': ${key} must be a whole number of at least 1, got ${value}`);
    }
  }
}
