import type { ModelFamily } from "../../catalog/models";
import { type HubKeys, UnreadableModel } from "./hub-keys";
import type { LayerEntry } from "./hub-layers";
import type { Experts, FeedForward } from "./layer-structure";

const COUNTS = ["n_routed_experts", "num_experts", "num_local_experts", "moe_num_experts"];
const ACTIVE = [
  "num_experts_per_tok",
  "num_experts_per_token",
  "moe_top_k",
  "moe_topk",
  "moe_k",
  "top_k_experts",
  "experts_per_token",
];
const DENSE_WIDTHS = [
  "intermediate_size_mlp",
  "dense_intermediate_size",
  "intermediate_size",
  "ffn_hidden_size",
];
const WIDTHS = ["moe_intermediate_size", "expert_ffn_hidden_size"];
const SHARED_COUNTS = [
  "n_shared_experts",
  "num_shared_experts",
  "moe_num_shared_experts",
  "num_shared_expert",
];
const SHARED_WIDTHS = [
  "shared_expert_intermediate_size",
  "moe_shared_expert_intermediate_size",
  "share_expert_dim",
  "shared_experts_intermediate_size",
  "shared_intermediate_size",
];

/** Keys that say that a model is dense although its configuration counts experts (Gemma 4, Doge). */
const SWITCHES = ["enable_moe_block", "is_moe"];

/** Experts that one token passes; 0: the configuration does not say it, or there are none. */
export function activeExpertsOf(keys: HubKeys): number {
  return keys.whole(...ACTIVE) ?? 0;
}

/** Whether a model has routed experts. */
export function hasExperts(keys: HubKeys): boolean {
  return (keys.whole(...COUNTS) ?? 0) > 1;
}

/** The experts of a model's layers that have some; `null`: a dense model. */
export function expertsOf(keys: HubKeys, family: ModelFamily | undefined): Experts | null {
  const count = keys.whole(...COUNTS) ?? 0;
  if (count <= 1 || SWITCHES.some((name) => keys.config[name] === false)) {
    return null;
  }
  const width = keys.whole(...WIDTHS) ?? keys.needed("intermediate_size", "ffn_hidden_size");
  const shared = keys.whole(...SHARED_COUNTS);
  const sharedWidth = keys.whole(...SHARED_WIDTHS);
  return {
    count,
    width,
    inputWidth: keys.whole("moe_latent_size", "routed_expert_hidden_size") ?? keys.needed("hidden_size"),
    sharedWidth:
      family?.sharedExpert === "as-routed" ? width : sharedWidths(keys, shared, sharedWidth, width),
    sharedGate: family?.sharedExpertGate ?? false,
    bias: family?.expertBias ?? false,
  };
}

/** Some configurations give the width of one shared expert, others that of all together. */
function sharedWidths(
  keys: HubKeys,
  count: number | undefined,
  width: number | undefined,
  routed: number,
): number {
  if (width === undefined) {
    return (count ?? 0) * routed;
  }
  const ofOne = keys.has("shared_expert_intermediate_size") || keys.has("share_expert_dim");
  return ofOne ? width : (count ?? 1) * width;
}

/** The feed-forward of one layer. */
export function feedForwardOf(
  keys: HubKeys,
  family: ModelFamily | undefined,
  experts: Experts | null,
  entry: LayerEntry,
  layer: number,
  layers: number,
): FeedForward | null {
  if (entry.part === "nothing") {
    return null;
  }
  const gated = family?.gated ?? (keys.text("mlp_hidden_act") ?? keys.text("hidden_act")) !== "relu2";
  const routed = experts !== null && (entry.part ? entry.part === "moe" : isRouted(keys, layer, layers));
  const beside = routed && (keys.is("enable_moe_block") || family?.copies !== undefined);
  const denseWidth = routed && !beside ? 0 : denseWidthOf(keys, family);
  if (denseWidth === 0 && !routed) {
    throw new UnreadableModel("'intermediate_size' is missing");
  }
  return {
    denseWidth,
    experts: routed ? experts : null,
    gated,
  };
}

/** Width of a dense feed-forward; 0: not known. */
export function denseWidthOf(keys: HubKeys, family: ModelFamily | undefined): number {
  const given = keys.whole(...DENSE_WIDTHS);
  return given === undefined
    ? (family?.widthByHidden ?? 0) * keys.needed("hidden_size")
    : given * (family?.widthShare ?? 1);
}

function isRouted(keys: HubKeys, layer: number, layers: number): boolean {
  const lists = [
    // One entry for each layer.
    { list: keys.list("mlp_layer_types"), routed: (value: unknown) => value !== "dense" },
    { list: keys.list("moe_layer_freq"), routed: (value: unknown) => Number(value) === 1 },
  ];
  const given = lists.find(({ list }) => list && list.length >= layers);
  if (given?.list) {
    return given.routed(given.list[layer]);
  }
  const named = keys.list("moe_layers") ?? keys.text("moe_layers_enum")?.split(",").map(Number);
  if (named && named.length > 0) {
    return named.includes(layer);
  }
  const first = keys.whole(
    "first_k_dense_replace",
    "num_dense_layers",
    "moe_layer_start_index",
    "dense_mlp_idx",
    "moe_layer_offset",
  );
  const last = keys.config.moe_layer_end_index;
  if (layer < (first ?? 0) || (typeof last === "number" && last >= 0 && layer > last)) {
    return false;
  }
  if ((keys.list("mlp_only_layers") ?? []).includes(layer)) {
    return false;
  }
  const period = keys.whole("expert_layer_period");
  if (period) {
    return layer % period === (keys.whole("expert_layer_offset") ?? 0);
  }
  // DeepSeek counts its step from layer 0, Qwen, Llama 4 and Ernie theirs from layer 1.
  const fromOne = keys.whole("decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval");
  if (fromOne) {
    return (layer + 1) % fromOne === 0;
  }
  return layer % (keys.whole("moe_layer_freq") || 1) === 0;
}
