import { findModelFamily } from "../../catalog/models";
import type { LayerCache, ModelFamily, ModelShape } from "../../catalog/models";
import { encoderParameters } from "./hub-encoders";
import { activeExpertsOf, denseWidthOf, expertsOf, feedForwardOf } from "./hub-experts";
import { HubKeys, type HubObject } from "./hub-keys";
import { inUsualNames } from "./hub-names";
import { blocksOf, type LayerEntry, layerEntries } from "./hub-layers";
import { headsOf, latentAttention, mixerOf } from "./hub-mixers";
import { cacheOf } from "./layer-cache";
import type { Experts, LayerStructure, ModelStructure } from "./layer-structure";

/** Bytes of an element by its type, as `torch_dtype` names it. */
const ELEMENT_BYTES: { readonly [dtype: string]: number | undefined } = {
  bfloat16: 2,
  float16: 2,
  float32: 4,
};

/** What engines call these types besides. */
const OTHER_NAMES: { readonly [name: string]: string | undefined } = { half: "float16", float: "float32" };

/** Parts of a multimodal configuration that describe its language model. */
const TEXT_PARTS = ["text_config", "llm_config", "language_config"];

/** Layers of next-token prediction modules, by the names that configurations have for them. */
const NEXT_TOKEN_KEYS = [
  "num_nextn_predict_layers",
  "mtp_num_hidden_layers",
  "num_mtp_layers",
  "num_mtp_modules",
  "mtp_num_layers",
];

/** Any of these says that a file describes a model at all. */
const SIZES = [
  "hidden_size",
  "num_hidden_layers",
  "num_layers",
  "n_layer",
  "d_model",
  "n_embd",
  "layers_block_type",
];

/** Element type of a configuration: `torch_dtype`, newer `dtype`; `bfloat16` where neither stands. */
export function dtypeOf(config: HubObject): string {
  const text = new HubKeys(textOf(config));
  const given = [text, new HubKeys(config)].map((keys) => keys.text("torch_dtype") ?? keys.text("dtype"));
  return (given.find((dtype) => dtype !== undefined) ?? "bfloat16").replace(/^torch\./, "");
}

/**
 * Bytes of an element.
 *
 * @throws Error for a type other than bfloat16, float16 and float32
 */
export function elementBytesOf(dtype: string): number {
  const bytes = ELEMENT_BYTES[dtype];
  if (bytes === undefined) {
    throw new Error(
      `element type '${dtype}' is not known; known are ${Object.keys(ELEMENT_BYTES).join(", ")}`,
    );
  }
  return bytes;
}

/** Bytes of an element whose type an engine was told; `undefined`: another type. */
export function elementBytesByName(name: string): number | undefined {
  return ELEMENT_BYTES[OTHER_NAMES[name] ?? name];
}

/** Bytes of an element that an engine loads; `undefined`: not known. */
export function loadedElementBytes(dtype: string, own: string): number | undefined {
  return dtype === "auto" ? Math.min(elementBytesOf(own), 2) : elementBytesByName(dtype);
}

/** The part of a configuration that describes the language model. */
export function textOf(config: HubObject): HubObject {
  const keys = new HubKeys(config);
  const part = TEXT_PARTS.map((name) => keys.object(name)).find(
    (each) => each !== undefined && hasSizes(each),
  );
  if (part) {
    return part.config;
  }
  // Omni models speak as well: the one that thinks is the language model.
  const thinker = keys.object("thinker_config");
  return thinker ? textOf(thinker.config) : config;
}

/** Whether a configuration gives any size of a model. */
export function describesModel(config: HubObject): boolean {
  return hasSizes(new HubKeys(textOf(config)));
}

/**
 * A Hugging Face `config.json` in our words, by its keys; the catalogue's families add what these leave out.
 *
 * @throws UnreadableModel where a number is missing without which nothing can be counted
 * @throws Error for a value that is none, e.g. a width that is no whole number
 */
export function structureOf(config: HubObject): ModelStructure {
  const text = textOf(config);
  const outer = new HubKeys(config);
  const textType = String(text.model_type ?? config.model_type ?? "");
  const family = findModelFamily(textType) ?? findModelFamily(outer.text("model_type") ?? "");
  const given = new HubKeys(inUsualNames({ ...family?.defaults, ...withoutNulls(text) }));
  const assumptions = new Set<string>();
  if (!family) {
    assumptions.add(
      `model_type '${textType}' is not in the catalogue: biases, norms and gates as its keys say`,
    );
  }
  const blocks = blocksOf(given.text("hybrid_override_pattern") ?? given.list("layers_block_type"));
  const layers = blocks?.length ?? given.needed("num_hidden_layers");
  const keys = new HubKeys({ ...given.config, num_hidden_layers: layers });
  const entries = blocks ?? layerEntries(keys, layers, (text) => assumptions.add(text), family !== undefined);
  const experts = expertsOf(keys, family);
  const structures = entries.map((entry, layer) => layerOf(keys, family, experts, entry, layer, layers));
  return {
    shape: shapeOf(keys, outer, family, structures, experts),
    layers: structures,
    nextTokenLayers: nextTokenLayers(keys, outer, family, experts, layers),
    nextTokenTables: family?.nextToken === "tables",
    inputElements:
      layers *
      (keys.whole("hidden_size_per_layer_input") ?? 0) *
      (keys.whole("vocab_size_per_layer_input") ?? 0),
    encoderParameters: encoderParameters(outer, keys.needed("hidden_size")),
    assumptions: [...assumptions],
  };
}

function layerOf(
  model: HubKeys,
  family: ModelFamily | undefined,
  experts: Experts | null,
  entry: LayerEntry,
  layer: number,
  layers: number,
): LayerStructure {
  // Newer configurations say apart what a layer has of its own.
  const own = model.object("per_layer_config")?.object(String(layer));
  const keys = own ? new HubKeys({ ...model.config, ...own.config }) : model;
  const hidden = keys.needed("hidden_size");
  const connections = keys.whole("hc_mult") ?? 0;
  return {
    mixer: mixerOf(keys, family, entry, layer),
    feedForward: feedForwardOf(keys, family, experts, entry, layer, layers),
    vectorElements:
      // A norm before the mixer and one before the feed-forward.
      (entry.part ? 1 : 2) * hidden +
      // Hyper-connections: two mixing matrices over all copies of the activations (DeepSeek-V4).
      2 * (2 + connections) * connections * connections * hidden,
    copies: family?.copies ?? 1,
  };
}

/** MTP modules have a layer like the last ones, with attention over all tokens. */
function nextTokenLayers(
  keys: HubKeys,
  outer: HubKeys,
  family: ModelFamily | undefined,
  experts: Experts | null,
  layers: number,
): readonly LayerStructure[] {
  if (family?.nextToken === "absent") {
    return [];
  }
  const count =
    keys.whole(...NEXT_TOKEN_KEYS) ?? outer.object("mtp_config")?.whole("num_nextn_predict_layers") ?? 0;
  const blocks = blocksOf(keys.text("mtp_hybrid_override_pattern") ?? keys.list("mtp_layers_block_type"));
  const kind = keys.has("o_lora_rank") ? "compressed" : "full";
  const entries = blocks ?? [{ kind, ratio: 0 } as const];
  return Array.from({ length: count }, (_, index) =>
    entries.map((entry) => layerOf(keys, family, experts, entry, layers + index, layers)),
  ).flat();
}

function shapeOf(
  keys: HubKeys,
  outer: HubKeys,
  family: ModelFamily | undefined,
  layers: readonly LayerStructure[],
  experts: Experts | null,
): ModelShape {
  const mla = keys.has("kv_lora_rank") ? latentAttention(keys) : null;
  const heads = headsOf(keys);
  const tied = outer.config.tie_word_embeddings ?? keys.config.tie_word_embeddings;
  const caches = layers.map(({ mixer, copies }): LayerCache => cacheOf(mixer, copies));
  return {
    modelType: outer.text("model_type") ?? keys.text("model_type") ?? "",
    hiddenSize: keys.needed("hidden_size"),
    intermediateSize: denseWidthOf(keys, family),
    layers: layers.length,
    attentionHeads: heads.heads,
    kvHeads: heads.kvHeads,
    headDim: mla ? mla.nopeHeadDim + mla.ropeHeadDim : heads.headDim,
    vocabularySize: keys.whole("vocab_size") ?? outer.needed("vocab_size"),
    tiedEmbeddings: typeof tied === "boolean" ? tied : (family?.tiedEmbeddings ?? false),
    mla,
    moe: experts
      ? {
          experts: experts.count,
          activeExperts: activeExpertsOf(keys),
          expertWidth: experts.width,
          sharedWidth: experts.sharedWidth,
          sharedGate: experts.sharedGate,
          denseLayers: layers.flatMap(({ feedForward }, layer) => (feedForward?.experts ? [] : [layer])),
        }
      : null,
    nextTokenModules: family?.nextToken === "absent" ? 0 : (keys.whole(...NEXT_TOKEN_KEYS) ?? 0),
    maximumContextTokens: keys.whole("model_max_length", "max_position_embeddings") ?? 0,
    layerCaches: caches,
  };
}

function hasSizes(keys: HubKeys): boolean {
  return SIZES.some((name) => keys.has(name));
}

function withoutNulls(config: HubObject): HubObject {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}
