import { allModelFamilies, findModelFamily } from "../../catalog/models";
import type {
  AttentionBias,
  ExpertLayers,
  LatentAttention,
  ModelFamily,
  ModelShape,
} from "../../catalog/models";
import type { HubObject } from "./hub-quantization";

/** Bytes of an element by its type, as `torch_dtype` names it. */
const ELEMENT_BYTES: { readonly [dtype: string]: number | undefined } = {
  bfloat16: 2,
  float16: 2,
  float32: 4,
};

/** Element type of a configuration: `torch_dtype`, newer `dtype`; `bfloat16` where neither stands. */
export function dtypeOf(config: HubObject): string {
  return String(config.torch_dtype ?? config.dtype ?? "bfloat16").replace(/^torch\./, "");
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

/**
 * The numbers of a Hugging Face `config.json` in our words.
 *
 * @throws Error where the family is unknown, a number is missing, or a part of the model is not a language model
 */
export function shapeOf(config: HubObject): ModelShape {
  if (config.vision_config ?? config.audio_config) {
    throw new Error(
      "the configuration has parts besides the language model, whose weights it does not tell: " +
        "give the numbers with Model.fromNumbers",
    );
  }
  const modelType = String(config.model_type ?? "");
  const family = findModelFamily(modelType);
  if (!family) {
    const known = allModelFamilies().map((row) => row.modelType);
    throw new Error(
      `model_type '${modelType}' is not known; known are ${known.join(", ")}: give the numbers with Model.fromNumbers`,
    );
  }
  const number = (key: string) => whole(config, key);
  const attentionHeads = number("num_attention_heads");
  const mla = family.attention === "mla" ? latentAttention(config) : null;
  return {
    modelType,
    hiddenSize: number("hidden_size"),
    intermediateSize: number("intermediate_size"),
    layers: number("num_hidden_layers"),
    attentionHeads,
    kvHeads: whole(config, "num_key_value_heads", attentionHeads),
    headDim: mla
      ? mla.nopeHeadDim + mla.ropeHeadDim
      : whole(config, "head_dim", Math.floor(number("hidden_size") / attentionHeads)),
    vocabularySize: number("vocab_size"),
    tiedEmbeddings: config.tie_word_embeddings === true,
    attentionBias: attentionBias(family, config),
    queryKeyNorm:
      family.queryKeyNorm === "config" ? config.use_qk_norm === true : family.queryKeyNorm === "always",
    mla,
    moe: family.experts === "routed" ? expertLayers(family, config) : null,
    nextTokenModules: whole(config, "num_nextn_predict_layers", 0),
    maximumContextTokens: number("max_position_embeddings"),
  };
}

function attentionBias(family: ModelFamily, config: HubObject): AttentionBias {
  switch (family.bias) {
    case "none":
    case "qkv":
      return family.bias;
    case "config-qkv":
      return config.attention_bias === true ? "qkv" : "none";
    case "config-qkvo":
      return config.attention_bias === true ? "qkvo" : "none";
  }
}

function latentAttention(config: HubObject): LatentAttention {
  return {
    queryRank: config.q_lora_rank === null ? null : whole(config, "q_lora_rank"),
    kvRank: whole(config, "kv_lora_rank"),
    nopeHeadDim: whole(config, "qk_nope_head_dim"),
    ropeHeadDim: whole(config, "qk_rope_head_dim"),
    valueHeadDim: whole(config, "v_head_dim"),
  };
}

function expertLayers(family: ModelFamily, config: HubObject): ExpertLayers {
  const count = ["n_routed_experts", "num_experts", "num_local_experts"].find((key) => key in config);
  const expertWidth = whole(config, "moe_intermediate_size", whole(config, "intermediate_size"));
  const layers = whole(config, "num_hidden_layers");
  const step = whole(config, "decoder_sparse_step", whole(config, "moe_layer_freq", 1));
  const firstDense = whole(config, "first_k_dense_replace", 0);
  const named = (config.mlp_only_layers ?? []) as readonly number[];
  // DeepSeek counts `moe_layer_freq` from layer 0, Qwen `decoder_sparse_step` from layer 1.
  const offset = "decoder_sparse_step" in config ? 1 : 0;
  const isDense = (layer: number) =>
    layer < firstDense || named.includes(layer) || (layer + offset) % step !== 0;
  return {
    experts: whole(config, count ?? "num_experts"),
    activeExperts: whole(config, "num_experts_per_tok"),
    expertWidth,
    sharedWidth: whole(
      config,
      "shared_expert_intermediate_size",
      whole(config, "n_shared_experts", 0) * expertWidth,
    ),
    sharedGate: family.sharedExpertGate,
    denseLayers: Array.from({ length: layers }, (_, layer) => layer).filter(isDense),
  };
}

/** A whole number of the configuration, or the other where it is missing or `null`. */
function whole(config: HubObject, key: string, otherwise?: number): number {
  const value = config[key] ?? otherwise;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw new Error(`'${key}' must be a whole number, got ${JSON.stringify(config[key]) ?? "nothing"}`);
  }
  return value;
}
