import type { Quantization } from "../../catalog/models";
import { weightsOfTensors } from "./checkpoint";
import { describesModel, dtypeOf, elementBytesOf, structureOf } from "./hub-config";
import { HubKeys, type HubObject, UnreadableModel } from "./hub-keys";
import { quantizationOf } from "./hub-quantization";
import type { ModelStructure } from "./layer-structure";
import { readFolder } from "./model-folder";
import { evenWeights, type ModelNumbers, structureOfNumbers } from "./model-numbers";
import { leastWeightsOf, type ModelWeights, weightsOf, weightsOfFiles } from "./model-weights";
import { CHANNEL } from "./quantization-schemes";

/** Stands in for the numbers of a model that is not known. */
export const UNKNOWN: ModelNumbers = {
  name: "unknown",
  weightBytes: 1,
  layers: 1,
  attentionHeads: 1,
  hiddenSize: 1,
};

/** What engines can do to weights while they load them: 8 bits, one scale to a channel. */
const ONLINE: { readonly [method: string]: Quantization | undefined } = Object.fromEntries(
  [
    "fp8",
    "fp8_per_tensor",
    "fp8_per_channel",
    "fp8_per_block",
    "ptpc_fp8",
    "mxfp8",
    "int8",
    "int8_per_channel",
  ].map((method) => [method, { method, bits: 8, ...CHANNEL, kept: [] }]),
);

/** Of weights whose quantization is not known, no format has fewer bits in use. */
const FEWEST_BITS = 4;

/** Where the bytes of a model's weights come from. */
export type WeightsBasis = "files" | "catalogue" | "configuration" | "numbers";

/** What a configuration file does not say about a model. */
export interface ModelConfigOptions {
  /**
   * Name in reviews and messages.
   *
   * @default - `_name_or_path` of the configuration, else its `model_type`
   */
  readonly name?: string;
  /**
   * Bytes of all weight files, where known, e.g. from `model.safetensors.index.json`.
   *
   * @default - computed from the configuration
   */
  readonly weightBytes?: number;
}

/** What a `Model` is made of. */
export interface ModelParts {
  readonly name: string;
  readonly structure: () => ModelStructure;
  readonly dtype: string;
  readonly quantization: Quantization | null;
  readonly basis: WeightsBasis;
  readonly parameters?: number;
  readonly weightBytes?: number;
  readonly weights?: ModelWeights;
  readonly leastWeights?: ModelWeights;
  readonly config?: HubObject;
  readonly assumptions?: readonly string[];
  readonly unreadable?: string;
  readonly chatTemplate?: boolean;
  readonly id?: string;
  readonly hubRepository?: string;
}

/** A model by its configuration. */
export function partsOfConfig(config: HubObject, options: ModelConfigOptions): ModelParts {
  if (!describesModel(config)) {
    throw new Error(
      "has no size of a model (hidden_size, num_hidden_layers): give a complete config.json, or the numbers with Model.fromNumbers",
    );
  }
  const dtype = dtypeOf(config);
  elementBytesOf(dtype);
  const noted: string[] = [];
  const quantization = quantizationOf(config, (assumption) => noted.push(assumption));
  const name = options.name ?? nameOf(config);
  const shared = { name, dtype, quantization, config, basis: "configuration" as const };
  try {
    const structure = structureOf(config);
    const assumptions = [...structure.assumptions, ...noted];
    const { weightBytes } = options;
    const { shape } = structure;
    const computed = weightsOf(structure, elementBytesOf(dtype), quantization);
    const weights =
      weightBytes === undefined ? computed : weightsOfFiles(computed, shape.tiedEmbeddings, weightBytes);
    const fewest =
      quantization?.method === "unknown" && weightBytes === undefined
        ? weightsOf(structure, elementBytesOf(dtype), { ...quantization, bits: FEWEST_BITS })
        : weights;
    return {
      ...shared,
      structure: () => structure,
      assumptions,
      weights,
      weightBytes,
      leastWeights: leastWeightsOf(fewest, structure.assumptions.length > 0 && weightBytes === undefined),
    };
  } catch (error) {
    if (!(error instanceof UnreadableModel)) {
      throw error;
    }
    return {
      ...shared,
      structure: () => structureOfNumbers(UNKNOWN),
      unreadable: error.message,
      weightBytes: options.weightBytes,
    };
  }
}

function nameOf(config: HubObject): string {
  const keys = new HubKeys(config);
  return keys.text("_name_or_path") || keys.text("model_type") || "model";
}

/** A configuration with other values in it, also in its parts. */
export function merged(config: HubObject, overrides: HubObject): HubObject {
  const isObject = (value: unknown): value is HubObject =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  return {
    ...config,
    ...Object.fromEntries(
      Object.entries(overrides).map(([key, value]) => {
        const own = config[key];
        return [key, isObject(own) && isObject(value) ? merged(own, value) : value];
      }),
    ),
  };
}

/**
 * A model by its folder.
 *
 * @throws Error where its `config.json` is none, or holds a broken value
 */
export function partsOfFolder(path: string, options: ModelConfigOptions): ModelParts {
  const { config, checkpoint, chatTemplate } = readFolder(path);
  const parts = {
    ...partsOfConfig(config, { weightBytes: checkpoint.totalBytes, ...options }),
    chatTemplate,
  };
  if (parts.unreadable !== undefined || !checkpoint.tensors) {
    return parts;
  }
  const weights = weightsOfTensors(checkpoint.tensors, parts.structure().shape);
  return { ...parts, weights, leastWeights: weights, basis: "files" };
}

/** A model by its numbers. */
export function partsOfNumbers(numbers: ModelNumbers): ModelParts {
  const structure = structureOfNumbers(numbers);
  const dtype = numbers.dtype ?? "bfloat16";
  const bytes = elementBytesOf(dtype);
  return {
    name: numbers.name,
    structure: () => structure,
    dtype,
    quantization: null,
    basis: "numbers",
    parameters: numbers.parameters ?? Math.round(numbers.weightBytes / bytes),
    weightBytes: numbers.weightBytes,
    weights: evenWeights(numbers, bytes),
    // Where the experts are not told apart, the attention takes the least where its weights have 4 bits.
    leastWeights: evenWeights(numbers, bytes, FEWEST_BITS / 8),
  };
}

/** How an engine quantizes weights while it loads them; `undefined`: a method that it only reads. */
export function onlineQuantization(method: string): Quantization | undefined {
  return ONLINE[method];
}

/** What `read` makes of a file; an error of it begins with the path. */
export function atPath(path: string, read: () => ModelParts): ModelParts {
  try {
    return read();
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
