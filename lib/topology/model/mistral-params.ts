import type { HubObject } from "./hub-keys";

/** Names of Mistral's own format, and what the hub calls them. */
const NAMES: { readonly [name: string]: string | undefined } = {
  dim: "hidden_size",
  n_layers: "num_hidden_layers",
  n_heads: "num_attention_heads",
  n_kv_heads: "num_key_value_heads",
  hidden_dim: "intermediate_size",
  max_seq_len: "max_position_embeddings",
  tied_embeddings: "tie_word_embeddings",
};

/** The same for `moe`. */
const EXPERT_NAMES: { readonly [name: string]: string | undefined } = {
  num_experts: "n_routed_experts",
  expert_hidden_dim: "moe_intermediate_size",
  num_shared_experts: "n_shared_experts",
  route_every_n: "moe_layer_freq",
};

/** `params.json`, Mistral's own configuration, under the names of a `config.json` (vLLM `configs/mistral.py`). */
export function configOfMistralParams(params: HubObject): HubObject {
  const isLatent = params.kv_lora_rank !== undefined && params.kv_lora_rank !== null;
  return {
    ...renamed(params, NAMES),
    ...renamed(objectOf(params.moe), EXPERT_NAMES),
    model_type: isLatent ? "deepseek_v3" : params.moe ? "mixtral" : "mistral",
    // Its latent models have no next-token prediction modules.
    num_nextn_predict_layers: 0,
    vision_config: params.vision_encoder ?? objectOf(params.multimodal).vision_encoder_args ?? null,
    rope_scaling: params.yarn ? { type: "yarn", ...objectOf(params.yarn) } : null,
    quantization_config: quantizationOf(objectOf(params.quantization)),
  };
}

/** Mistral calls its formats by the weights' type; those of llm-compressor are written as they are. */
function quantizationOf(quantization: HubObject): HubObject | null {
  if (quantization.config_groups) {
    return { quant_method: "compressed-tensors", ...quantization };
  }
  return quantization.qformat_weight === undefined ? null : { quant_method: "fp8" };
}

function renamed(object: HubObject, names: typeof NAMES): HubObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [names[name] ?? name, value]));
}

function objectOf(value: unknown): HubObject {
  return typeof value === "object" && value !== null ? (value as HubObject) : {};
}
