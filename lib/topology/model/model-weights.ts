import type { Quantization, QuantizationScheme } from "../../catalog/models";
import type { LayerStructure, ModelStructure } from "./layer-structure";
import { layerModules, nextTokenExtras } from "./model-modules";
import type { Module, Spread } from "./module";
import { matchesModule } from "./module-patterns";

/** Bytes of one layer, by how tensor parallelism spreads them. */
export interface LayerWeights {
  /** Spread evenly over the ranks. */
  readonly sharded: number;
  /** Key and value projections. */
  readonly kvHeads: number;
  /** The same on every rank. */
  readonly replicated: number;
  /** Dense feed-forward layers, as far as they are known apart. */
  readonly feedForward: number;
  /** Shared experts, as far as they are known apart. */
  readonly sharedExperts: number;
  /** Routed experts. */
  readonly experts: number;
}

export const EMPTY_LAYER: LayerWeights = {
  sharded: 0,
  kvHeads: 0,
  replicated: 0,
  feedForward: 0,
  sharedExperts: 0,
  experts: 0,
};

/** Bytes of a model's weights. */
export interface ModelWeights {
  /** Embedding table, on the first pipeline stage. */
  readonly embedding: number;
  /** Output head, on the last pipeline stage, where it exists also with tied embeddings. */
  readonly head: number;
  /** Each layer, in order. */
  readonly layers: readonly LayerWeights[];
  /** Next-token prediction modules: in the files, not loaded without speculative decoding. */
  readonly nextTokenModules: number;
  /** The same by how they are spread, without the embedding and the head that they share with the model. */
  readonly nextTokenLayers: readonly LayerWeights[];
  /** Encoders for images, video and audio, with what leads from them to the language model. */
  readonly encoders: number;
}

/**
 * Bytes of the weights: parameters of each module times the bytes of its element, plus the scales of
 * quantized ones.
 *
 * @param elementBytes bytes of an element that is not quantized
 */
export function weightsOf(
  structure: ModelStructure,
  elementBytes: number,
  quantization: Quantization | null,
): ModelWeights {
  const { shape } = structure;
  const table = shape.vocabularySize * shape.hiddenSize * elementBytes;
  const bytes = (module: Module) => moduleBytes(module, elementBytes, quantization);
  const nextToken = nextTokenModules(structure);
  return {
    embedding: table + structure.inputElements * elementBytes,
    head: table,
    layers: structure.layers.map((layer, index) =>
      bySpread(layerModules(layer, index, shape.hiddenSize), bytes),
    ),
    nextTokenModules: sum(nextToken.flatMap(({ layer, extras }) => [...layer, ...extras]).map(bytes)),
    nextTokenLayers: nextToken.map(({ layer }) => bySpread(layer, bytes)),
    encoders: structure.encoderParameters * elementBytes,
  };
}

/** Bytes of the weight files. */
export function fileBytes(weights: ModelWeights, tiedEmbeddings: boolean): number {
  return (
    weights.embedding +
    (tiedEmbeddings ? 0 : weights.head) +
    layerBytes(weights) +
    weights.nextTokenModules +
    weights.encoders
  );
}

/** Bytes of all layers, without next-token prediction modules. */
export function layerBytes(weights: ModelWeights): number {
  return sum(weights.layers.map(bytesOfLayer));
}

/** Bytes of one layer. */
export function bytesOfLayer(layer: LayerWeights): number {
  return sum(Object.values(layer));
}

/** The same weights with other bytes in their layers, all by the same factor. */
export function scaledLayers(weights: ModelWeights, factor: number): ModelWeights {
  const scaled = (layer: LayerWeights): LayerWeights => ({
    sharded: layer.sharded * factor,
    kvHeads: layer.kvHeads * factor,
    replicated: layer.replicated * factor,
    feedForward: layer.feedForward * factor,
    sharedExperts: layer.sharedExperts * factor,
    experts: layer.experts * factor,
  });
  return {
    ...weights,
    layers: weights.layers.map(scaled),
    nextTokenModules: weights.nextTokenModules * factor,
    nextTokenLayers: weights.nextTokenLayers.map(scaled),
  };
}

/** The same weights with elements of another size. */
export function scaledWeights(weights: ModelWeights, factor: number): ModelWeights {
  return {
    ...scaledLayers(weights, factor),
    embedding: weights.embedding * factor,
    head: weights.head * factor,
    encoders: weights.encoders * factor,
  };
}

/**
 * Weights that are known better than by computing them, with what changes between two computed ones: where only a part of
 * the elements has another size.
 */
export function changedWeights(known: ModelWeights, from: ModelWeights, to: ModelWeights): ModelWeights {
  const layer = (own: LayerWeights, index: number, part: "layers" | "nextTokenLayers"): LayerWeights => {
    const [before, after] = [from[part].at(index) ?? own, to[part].at(index) ?? own];
    return {
      sharded: moved(own.sharded, before.sharded, after.sharded),
      kvHeads: moved(own.kvHeads, before.kvHeads, after.kvHeads),
      replicated: moved(own.replicated, before.replicated, after.replicated),
      feedForward: moved(own.feedForward, before.feedForward, after.feedForward),
      sharedExperts: moved(own.sharedExperts, before.sharedExperts, after.sharedExperts),
      experts: moved(own.experts, before.experts, after.experts),
    };
  };
  return {
    embedding: moved(known.embedding, from.embedding, to.embedding),
    head: moved(known.head, from.head, to.head),
    layers: known.layers.map((own, index) => layer(own, index, "layers")),
    nextTokenModules: moved(known.nextTokenModules, from.nextTokenModules, to.nextTokenModules),
    nextTokenLayers: known.nextTokenLayers.map((own, index) => layer(own, index, "nextTokenLayers")),
    encoders: moved(known.encoders, from.encoders, to.encoders),
  };
}

function moved(known: number, from: number, to: number): number {
  return Math.max(0, known + to - from);
}

/** The same weights, so that the files have the bytes that are known of them. */
export function weightsOfFiles(weights: ModelWeights, tiedEmbeddings: boolean, bytes: number): ModelWeights {
  const rest = weights.embedding + (tiedEmbeddings ? 0 : weights.head) + weights.encoders;
  const computed = fileBytes(weights, tiedEmbeddings) - rest;
  return bytes > rest ? scaledLayers(weights, (bytes - rest) / computed) : weights;
}

/** What a structure that is not known for certain may have less than its keys say. */
const LEAST_SHARE = 0.97;

/** The size of an encoder is estimated from its widths. */
const LEAST_ENCODER_SHARE = 0.8;

/**
 * The fewest bytes that weights computed from a configuration have.
 *
 * @param assumed whether something was taken for granted about the layers
 */
export function leastWeightsOf(weights: ModelWeights, assumed: boolean): ModelWeights {
  const layers = assumed ? scaledLayers(weights, LEAST_SHARE) : weights;
  return weights.encoders === 0 ? layers : { ...layers, encoders: weights.encoders * LEAST_ENCODER_SHARE };
}

/** Parameters without next-token prediction modules, as model cards count them. */
export function parametersOf(structure: ModelStructure): number {
  const { shape } = structure;
  const tables = (shape.tiedEmbeddings ? 1 : 2) * shape.vocabularySize * shape.hiddenSize;
  const layers = structure.layers.map((layer, index) => {
    const modules = layerModules(layer, index, shape.hiddenSize);
    return sum(modules.map((module) => module.rows * module.columns * module.count));
  });
  return tables + structure.inputElements + shape.hiddenSize + sum(layers) + structure.encoderParameters;
}

/** How a module is stored; `null`: as it is. */
export function schemeOf(module: Module, quantization: Quantization | null): QuantizationScheme | null {
  if (quantization === null || !module.linear) {
    return null;
  }
  const part = quantization.parts?.find(({ modules }) => matchesModule(module.name, modules));
  if (part) {
    return part;
  }
  return matchesModule(module.name, quantization.kept) ? null : quantization;
}

function bySpread(modules: readonly Module[], bytes: (module: Module) => number): LayerWeights {
  const of = (spread: Spread) => sum(modules.filter((module) => module.spread === spread).map(bytes));
  return {
    sharded: of("sharded"),
    kvHeads: of("kv-heads"),
    replicated: of("replicated"),
    feedForward: of("feed-forward"),
    sharedExperts: of("shared-experts"),
    experts: of("experts"),
  };
}

/** Modules of each layer for next-token prediction; where they are apart in the files, they have a name of their own. */
function nextTokenModules({ shape, layers, nextTokenLayers, nextTokenTables }: ModelStructure): readonly {
  readonly layer: readonly Module[];
  readonly extras: readonly Module[];
}[] {
  const named = (module: Module, index: number): Module =>
    nextTokenTables
      ? module
      : {
          ...module,
          name: module.name.replace(`model.layers.${layers.length + index}`, `mtp.layers.${index}`),
        };
  return nextTokenLayers.map((structure: LayerStructure, index) => {
    const position = layers.length + index;
    const layer = layerModules(structure, position, shape.hiddenSize);
    const extras = nextTokenExtras(position, shape.hiddenSize, shape.vocabularySize, nextTokenTables);
    return {
      layer: layer.map((module) => named(module, index)),
      extras: extras.map((module) => named(module, index)),
    };
  });
}

function moduleBytes(module: Module, elementBytes: number, quantization: Quantization | null): number {
  const { rows, columns, count } = module;
  const scheme = schemeOf(module, quantization);
  if (scheme === null) {
    return rows * columns * count * elementBytes;
  }
  const blocks =
    Math.ceil(rows / (scheme.blockRows ?? rows)) * Math.ceil(columns / (scheme.blockColumns ?? columns));
  return count * (rows * columns * (scheme.bits / 8) + blocks * scheme.scaleBytes);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
