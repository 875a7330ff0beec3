import { HubKeys, type HubObject } from "./hub-keys";

/** Other names that configurations have for a key, by the usual one. */
const NAMES: { readonly [usual: string]: readonly string[] } = {
  hidden_size: ["n_embd", "d_model"],
  num_hidden_layers: ["num_layers", "n_layer", "n_layers"],
  num_attention_heads: ["n_head", "n_heads"],
  // Step calls the KV heads groups.
  num_key_value_heads: ["num_attention_groups", "num_kv_heads", "n_head_kv", "kv_n_heads"],
  intermediate_size: ["n_inner", "ffn_dim"],
  vocab_size: ["padded_vocab_size"],
  max_position_embeddings: ["max_seq_len", "max_sequence_length", "seq_length", "n_positions"],
};

/** Parts of a configuration that hold sizes of its attention and its feed-forwards (DBRX, MPT). */
const PARTS = ["attn_config", "ffn_config"];

/** A configuration of a language model with the names that most of them have; a usual name that is there stays. */
export function inUsualNames(config: HubObject): HubObject {
  const keys = new HubKeys(config);
  const parts = Object.assign({}, ...PARTS.map((name) => keys.object(name)?.config)) as HubObject;
  const whole = new HubKeys({ ...parts, ...config });
  const named = Object.entries(NAMES).flatMap(([usual, others]) => {
    const other = whole.has(usual) ? undefined : others.find((name) => whole.has(name));
    return other === undefined ? [] : [[usual, whole.config[other]] as const];
  });
  return { ...whole.config, ...Object.fromEntries(named), ...queryGroups(keys) };
}

/** Of multi-query attention there is one key/value head, or as many as groups. */
function queryGroups(keys: HubKeys): HubObject {
  // Falcon's newer decoder ignores `multi_query`.
  if (keys.is("multi_query") && !keys.is("new_decoder_architecture")) {
    return { num_key_value_heads: 1 };
  }
  return keys.is("multi_query_attention")
    ? { num_key_value_heads: keys.whole("multi_query_group_num") ?? 1 }
    : {};
}
