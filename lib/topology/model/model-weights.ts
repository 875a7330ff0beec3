import type { ModelShape, Quantization } from "../../catalog/models";
import { layerModules, nextTokenExtras, type Module, type Spread } from "./model-modules";

/** Bytes of one layer, by how tensor parallelism spreads them. */
export interface LayerWeights {
  readonly sharded: number;
  /** Key and value projections. */
  readonly kvHeads: number;
  readonly replicated: number;
  /** Routed experts. */
  readonly experts: number;
}

/** Bytes of a model's weights. */
export interface ModelWeights {
  /** Embedding table, on the first pipeline stage. */
  readonly embedding: number;
  /** Output head, on the last pipeline stage, where it exists also with tied embeddings. */
  readonly head: number;
  readonly layers: readonly LayerWeights[];
  /** Next-token prediction modules: in the files, not loaded without speculative decoding. */
  readonly nextTokenModules: number;
}

/**
 * Bytes of the weights: parameters of each module times the bytes of its element, plus the scales of
 * quantized ones.
 *
 * @param elementBytes bytes of an element that is not quantized
 */
export function weightsOf(
  shape: ModelShape,
  elementBytes: number,
  quantization: Quantization | null,
): ModelWeights {
  const table = shape.vocabularySize * shape.hiddenSize * elementBytes;
  const bytes = (module: Module) => moduleBytes(module, elementBytes, quantization);
  const layers = Array.from({ length: shape.layers }, (_, layer) => {
    const modules = layerModules(shape, layer);
    const of = (spread: Spread) => sum(modules.filter((module) => module.spread === spread).map(bytes));
    return {
      sharded: of("sharded"),
      kvHeads: of("kv-heads"),
      replicated: of("replicated"),
      experts: of("experts"),
    };
  });
  return {
    embedding: table,
    head: table,
    layers,
    nextTokenModules: sum(nextTokenModules(shape).map(bytes)),
  };
}

/** Bytes of the weight files. */
export function fileBytes(weights: ModelWeights, tiedEmbeddings: boolean): number {
  const layers = sum(
    weights.layers.map((layer) => layer.sharded + layer.kvHeads + layer.replicated + layer.experts),
  );
  return weights.embedding + (tiedEmbeddings ? 0 : weights.head) + layers + weights.nextTokenModules;
}

/** Parameters without next-token prediction modules, as model cards count them. */
export function parametersOf(shape: ModelShape): number {
  const tables = (shape.tiedEmbeddings ? 1 : 2) * shape.vocabularySize * shape.hiddenSize;
  const layers = Array.from({ length: shape.layers }, (_, layer) =>
    sum(layerModules(shape, layer).map((module) => module.rows * module.columns * module.count)),
  );
  return tables + shape.hiddenSize + sum(layers);
}

/** Whether a quantizer leaves a module as it is, by the patterns of its configuration. */
export function isKept(name: string, kept: readonly string[]): boolean {
  return kept.some((pattern) => {
    if (pattern.startsWith("re:")) {
      return new RegExp(`^(?:${pattern.slice(3)})`).test(name);
    }
    if (pattern.includes("*")) {
      const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
      return new RegExp(`^${parts.join(".*")}(?:\\.|$)`).test(name);
    }
    return `.${name}.`.includes(`.${pattern}.`);
  });
}

function nextTokenModules(shape: ModelShape): readonly Module[] {
  return Array.from({ length: shape.nextTokenModules }, (_, index) => shape.layers + index).flatMap(
    (layer) => [...layerModules(shape, layer), ...nextTokenExtras(shape, layer)],
  );
}

function moduleBytes(module: Module, elementBytes: number, quantization: Quantization | null): number {
  const { rows, columns, count } = module;
  if (quantization === null || !module.linear || isKept(module.name, quantization.kept)) {
    return rows * columns * count * elementBytes;
  }
  const blocks =
    Math.ceil(rows / (quantization.blockRows ?? rows)) *
    Math.ceil(columns / (quantization.blockColumns ?? columns));
  return count * (rows * columns * (quantization.bits / 8) + blocks * quantization.scaleBytes);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
