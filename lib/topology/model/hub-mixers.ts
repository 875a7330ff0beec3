import type { AttentionBias, LatentAttention, ModelFamily } from "../../catalog/models";
import { type HubKeys, UnreadableModel } from "./hub-keys";
import type { LayerEntry } from "./hub-layers";
import type {
  CompressedMixer,
  HeadsMixer,
  Indexer,
  LatentMixer,
  LinearMixer,
  MambaMixer,
  Mixer,
} from "./layer-structure";

/** Keys that say that the projections of the attention have biases. */
const BIAS_KEYS = ["attention_bias", "use_qkv_bias", "qkv_bias", "add_qkv_bias"];

/** Attention heads of the whole model, where its layers do not say otherwise. */
export interface ModelHeads {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Heads as a configuration gives them. */
export function headsOf(keys: HubKeys): ModelHeads {
  const heads = keys.needed("num_attention_heads");
  const hidden = keys.needed("hidden_size");
  return {
    heads,
    kvHeads: keys.whole("num_key_value_heads") ?? heads,
    headDim:
      keys.whole("head_dim", "attention_head_dim", "v_head_dim", "kv_channels") ?? Math.floor(hidden / heads),
  };
}

/** What a layer mixes tokens with. */
export function mixerOf(
  keys: HubKeys,
  family: ModelFamily | undefined,
  entry: LayerEntry,
  layer: number,
): Mixer {
  switch (entry.kind) {
    case "none":
      return null;
    case "mamba":
      return mambaMixer(keys);
    case "linear":
      return linearMixer(keys, family);
    case "compressed":
      return compressedMixer(keys, entry.ratio ?? 0);
    case "full":
    case "window":
    case "sparse":
      return keys.has("kv_lora_rank")
        ? latentMixer(keys, family, entry, layer)
        : headsMixer(keys, family, entry, layer);
  }
}

/** Latent attention of a configuration; layers with a window may have one of their own. */
export function latentAttention(keys: HubKeys, prefix = ""): LatentAttention {
  const number = (name: string) => keys.whole(`${prefix}${name}`) ?? keys.needed(name);
  const query = prefix === "" ? undefined : keys.whole(`${prefix}q_lora_rank`);
  return {
    queryRank: query ?? keys.whole("q_lora_rank") ?? null,
    kvRank: number("kv_lora_rank"),
    nopeHeadDim: number("qk_nope_head_dim"),
    ropeHeadDim: number("qk_rope_head_dim"),
    valueHeadDim: number("v_head_dim"),
  };
}

function latentMixer(
  keys: HubKeys,
  family: ModelFamily | undefined,
  entry: LayerEntry,
  layer: number,
): LatentMixer {
  const prefix = entry.kind === "window" && keys.has("swa_kv_lora_rank") ? "swa_" : "";
  const latent = latentAttention(keys, prefix);
  // Layers that reuse the choice of an earlier one have no indexer.
  const shared = String(keys.list("indexer_types")?.[layer] ?? "full") === "shared";
  const hasIndexer = keys.has("index_n_heads") && entry.kind !== "window" && !shared;
  return {
    kind: "latent",
    heads: keys.whole(`${prefix}num_attention_heads`) ?? keys.needed("num_attention_heads"),
    latent,
    outputGate: family?.outputGate ?? gateOf(keys),
    window: entry.kind === "window" ? windowOf(keys) : null,
    indexer: hasIndexer
      ? {
          heads: keys.needed("index_n_heads"),
          headDim: keys.needed("index_head_dim"),
          queryWidth: latent.queryRank ?? keys.needed("hidden_size"),
          weighted: true,
        }
      : null,
  };
}

function headsMixer(
  keys: HubKeys,
  family: ModelFamily | undefined,
  entry: LayerEntry,
  layer: number,
): HeadsMixer {
  const model = headsOf(keys);
  const window = entry.kind === "window";
  // MiMo and Inkling describe the window layers apart, Gemma 4 the global ones.
  const own = (name: string) => keys.whole(`${window ? "swa" : "global"}_${name}`);
  const perLayer = keys.list("num_attention_heads_per_layer")?.[layer];
  const heads =
    (typeof perLayer === "number" ? perLayer : undefined) ??
    own("num_attention_heads") ??
    (window ? slidingHeads(keys) : undefined) ??
    model.heads;
  const keyDim = own("head_dim") ?? model.headDim;
  const equalValues = !window && keys.is("attention_k_eq_v");
  const sharing = keys.whole("num_kv_shared_layers") ?? 0;
  const values = keys.has("head_dim") ? keys.whole("v_head_dim") : undefined;
  const norm = family?.queryKeyNorm ?? (keys.is("use_qk_norm") || keys.is("qk_layernorm") ? "head" : "never");
  const kvHeads =
    own("num_key_value_heads") ??
    (equalValues ? keys.whole("num_global_key_value_heads") : undefined) ??
    model.kvHeads;
  return {
    kind: "heads",
    heads,
    kvHeads,
    keyDim,
    valueDim: own("v_head_dim") ?? values ?? keyDim,
    window: window ? windowOf(keys) : null,
    outputGate: family?.outputGate ?? gateOf(keys),
    bias: biasOf(keys, family),
    normElements: normElements(keys, norm, heads, kvHeads, keyDim),
    ownKeys: sharing === 0 || layer < keys.needed("num_hidden_layers") - sharing,
    ownValues: !equalValues,
    extraElements: family?.sinks === "all" || (family?.sinks === "window" && window) ? heads : 0,
    indexer: entry.kind === "sparse" ? blockIndexer(keys) : null,
  };
}

function normElements(
  keys: HubKeys,
  norm: ModelFamily["queryKeyNorm"],
  heads: number,
  kvHeads: number,
  keyDim: number,
): number {
  switch (norm) {
    case "never":
      return 0;
    case "head":
      return 2 * keyDim;
    case "layer":
      return (heads + kvHeads) * keyDim;
    case "config":
      return keys.is("use_qk_norm") ? 2 * keyDim : 0;
  }
}

/** Step gives the heads of the window layers in a place of their own. */
function slidingHeads(keys: HubKeys): number | undefined {
  return (
    keys.whole("num_sliding_attention_heads") ??
    keys.object("attention_other_setting")?.whole("num_attention_heads")
  );
}

function windowOf(keys: HubKeys): number {
  const tokens = keys.whole("sliding_window", "sliding_window_size", "attention_chunk_size", "window_size");
  if (tokens === undefined) {
    throw new UnreadableModel("layers with a window, but 'sliding_window' is missing");
  }
  return tokens;
}

function gateOf(keys: HubKeys): HeadsMixer["outputGate"] {
  if (keys.is("use_head_wise_attn_gate") || keys.is("gating") || keys.config.gating === "per-head") {
    return "heads";
  }
  const names = ["attn_output_gate", "attention_output_gate", "mla_use_output_gate"];
  return names.some((name) => keys.is(name)) || keys.config.gating === "per-element" ? "elements" : "none";
}

function biasOf(keys: HubKeys, family: ModelFamily | undefined): AttentionBias {
  const given = BIAS_KEYS.some((name) => keys.is(name));
  switch (family?.bias) {
    case "none":
    case "qkv":
      return family.bias;
    case "config-qkv":
      return given ? "qkv" : "none";
    case "config-qkvo":
    case undefined:
      return given ? "qkvo" : "none";
  }
}

function blockIndexer(keys: HubKeys): Indexer {
  const sparse = keys.object("sparse_attention_config");
  return {
    heads: sparse?.whole("sparse_num_index_heads") ?? keys.needed("index_n_heads"),
    headDim: sparse?.whole("sparse_index_dim") ?? keys.needed("index_head_dim"),
    queryWidth: keys.needed("hidden_size"),
    weighted: false,
  };
}

function compressedMixer(keys: HubKeys, ratio: number): CompressedMixer {
  const queryRank = keys.needed("q_lora_rank");
  return {
    kind: "compressed",
    heads: keys.needed("num_attention_heads"),
    headDim: keys.needed("head_dim"),
    queryRank,
    outputGroups: keys.needed("o_groups"),
    outputRank: keys.needed("o_lora_rank"),
    window: windowOf(keys),
    ratio,
    // Only layers that keep a vector for few tokens choose among them.
    indexer:
      ratio > 0 && ratio <= 4
        ? {
            heads: keys.needed("index_n_heads"),
            headDim: keys.needed("index_head_dim"),
            queryWidth: queryRank,
            weighted: true,
          }
        : null,
  };
}

function linearMixer(keys: HubKeys, family: ModelFamily | undefined): LinearMixer {
  const valueHeads = keys.whole("linear_num_value_heads");
  if (valueHeads !== undefined) {
    return {
      kind: "linear",
      form: "gated-delta",
      keyHeads: keys.needed("linear_num_key_heads"),
      valueHeads,
      keyDim: keys.needed("linear_key_head_dim"),
      valueDim: keys.needed("linear_value_head_dim"),
      kernel: keys.needed("linear_conv_kernel_dim"),
      forgetRank: 0,
      outputRank: 0,
    };
  }
  const own = keys.object("linear_attn_config");
  const heads =
    own?.whole("num_heads") ?? keys.whole("linear_num_heads") ?? keys.needed("num_attention_heads");
  const headDim = own?.whole("head_dim") ?? keys.whole("linear_head_dim") ?? headsOf(keys).headDim;
  const kernel =
    own?.whole("short_conv_kernel_size") ?? keys.whole("linear_conv_kernel_dim", "short_conv_kernel_size");
  const lowRank = !family?.fullRankGates && (own !== undefined || keys.has("linear_head_dim"));
  return {
    kind: "linear",
    form: kernel === undefined ? "lightning" : "kda",
    keyHeads: heads,
    valueHeads: heads,
    keyDim: headDim,
    valueDim: headDim,
    kernel: kernel ?? 0,
    forgetRank: lowRank ? headDim : 0,
    outputRank: lowRank && !own?.is("use_full_rank_gate") ? headDim : 0,
  };
}

function mambaMixer(keys: HubKeys): MambaMixer {
  return {
    kind: "mamba",
    heads: keys.needed("mamba_num_heads", "mamba_n_heads"),
    headDim: keys.needed("mamba_head_dim", "mamba_d_head"),
    groups: keys.whole("n_groups", "mamba_n_groups") ?? 1,
    stateSize: keys.needed("ssm_state_size", "mamba_d_state"),
    kernel: keys.needed("conv_kernel", "mamba_d_conv"),
  };
}
