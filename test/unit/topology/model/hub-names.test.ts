import type { HubObject } from "../../../../lib/topology/model/hub-keys";
import { inUsualNames } from "../../../../lib/topology/model/hub-names";
import { fixtureModel } from "../../../support/model-fixtures";

/** Configurations whose keys have other names, with the parameters of their model cards in 10^9. */
const CARDS: readonly (readonly [name: string, config: HubObject, billions: number])[] = [
  [
    "Qwen/Qwen-7B",
    {
      model_type: "qwen",
      hidden_size: 4096,
      intermediate_size: 22016,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      kv_channels: 128,
      vocab_size: 151936,
      seq_length: 8192,
      tie_word_embeddings: false,
    },
    7.721324544,
  ],
  [
    "tiiuae/falcon-7b",
    {
      model_type: "falcon",
      hidden_size: 4544,
      num_hidden_layers: 32,
      num_attention_heads: 71,
      multi_query: true,
      new_decoder_architecture: false,
      vocab_size: 65024,
    },
    6.921720704,
  ],
  [
    "tiiuae/falcon-40b",
    {
      model_type: "falcon",
      hidden_size: 8192,
      num_hidden_layers: 60,
      num_attention_heads: 128,
      num_kv_heads: 8,
      multi_query: true,
      new_decoder_architecture: true,
      vocab_size: 65024,
    },
    41.303293952,
  ],
  [
    "tiiuae/falcon-180B",
    {
      model_type: "falcon",
      hidden_size: 14848,
      num_hidden_layers: 80,
      num_attention_heads: 232,
      num_kv_heads: 8,
      new_decoder_architecture: true,
      vocab_size: 65024,
      tie_word_embeddings: false,
    },
    179.52256512,
  ],
  [
    "bigscience/bloom",
    {
      model_type: "bloom",
      n_embed: 14336,
      hidden_size: 14336,
      n_layer: 70,
      num_attention_heads: 112,
      vocab_size: 250880,
    },
    176.247271424,
  ],
  [
    "EleutherAI/gpt-neox-20b",
    {
      model_type: "gpt_neox",
      hidden_size: 6144,
      intermediate_size: 24576,
      num_hidden_layers: 44,
      num_attention_heads: 64,
      vocab_size: 50432,
      tie_word_embeddings: false,
    },
    20.55456768,
  ],
  [
    "EleutherAI/gpt-j-6b",
    {
      model_type: "gptj",
      n_embd: 4096,
      n_inner: null,
      n_layer: 28,
      n_head: 16,
      n_positions: 2048,
      vocab_size: 50400,
    },
    6.050882784,
  ],
  [
    "bigcode/starcoder",
    {
      model_type: "gpt_bigcode",
      n_embd: 6144,
      n_inner: 24576,
      n_layer: 40,
      n_head: 48,
      n_positions: 8192,
      vocab_size: 49152,
    },
    15.517456384,
  ],
  [
    "bigcode/starcoder2-15b",
    {
      model_type: "starcoder2",
      hidden_size: 6144,
      intermediate_size: 24576,
      num_hidden_layers: 40,
      num_attention_heads: 48,
      num_key_value_heads: 4,
      use_bias: true,
      vocab_size: 49152,
    },
    15.957889024,
  ],
  [
    "microsoft/phi-2",
    {
      model_type: "phi",
      hidden_size: 2560,
      intermediate_size: 10240,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      vocab_size: 51200,
    },
    2.77968384,
  ],
  [
    "databricks/dbrx-instruct",
    {
      model_type: "dbrx",
      d_model: 6144,
      n_heads: 48,
      n_layers: 40,
      max_seq_len: 32768,
      vocab_size: 100352,
      attn_config: { kv_n_heads: 8 },
      ffn_config: { ffn_hidden_size: 10752, moe_num_experts: 16, moe_top_k: 4 },
    },
    131.59652352,
  ],
  [
    "zai-org/glm-4-9b-chat",
    {
      model_type: "chatglm",
      hidden_size: 4096,
      ffn_hidden_size: 13696,
      num_layers: 40,
      num_attention_heads: 32,
      kv_channels: 128,
      multi_query_attention: true,
      multi_query_group_num: 2,
      add_qkv_bias: true,
      padded_vocab_size: 151552,
      seq_length: 131072,
    },
    9.39995136,
  ],
];

test.each(CARDS)("%s has the parameters of its card", (name, config, billions) => {
  const model = fixtureModel({ config }, name);
  expect(model.assumptions).toEqual([]);
  expect(model.unreadable).toBeUndefined();
  expect(Math.abs(model.parameters / 1e9 / billions - 1)).toBeLessThan(0.005);
});

test.each<[string, HubObject, HubObject]>([
  ["a usual name that is there stays", { hidden_size: 8, n_embd: 9 }, { hidden_size: 8 }],
  ["a usual name without a value gives way", { hidden_size: null, d_model: 9 }, { hidden_size: 9 }],
  ["multi-query attention has one KV head", { multi_query: true, n_head: 71 }, { num_key_value_heads: 1 }],
  [
    "a newer decoder says its KV heads",
    { multi_query: true, new_decoder_architecture: true, num_kv_heads: 8 },
    { num_key_value_heads: 8 },
  ],
  [
    "grouped queries have their groups",
    { multi_query_attention: true, multi_query_group_num: 2 },
    { num_key_value_heads: 2 },
  ],
  ["parts are read as if they were outside", { attn_config: { kv_n_heads: 4 } }, { num_key_value_heads: 4 }],
])("usual names: %s", (_, given, expected) => {
  expect(inUsualNames(given)).toMatchObject(expected);
});
