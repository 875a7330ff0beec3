import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Model } from "../../../../lib/topology/model/model";
import { fileBytes } from "../../../../lib/topology/model/model-weights";

/** Two layers with four experts in the second one, next-token prediction behind them, and an encoder. */
const CONFIG = {
  model_type: "deepseek_v3",
  hidden_size: 64,
  intermediate_size: 128,
  moe_intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  q_lora_rank: 16,
  kv_lora_rank: 16,
  qk_nope_head_dim: 16,
  qk_rope_head_dim: 8,
  v_head_dim: 16,
  n_routed_experts: 4,
  n_shared_experts: 1,
  num_experts_per_tok: 2,
  first_k_dense_replace: 1,
  num_nextn_predict_layers: 1,
  vocab_size: 256,
  max_position_embeddings: 4096,
};

/** Tensors by file: name and shape, two bytes for each element. */
const FILES: { readonly [file: string]: { readonly [tensor: string]: readonly number[] } } = {
  "model-00001-of-00002.safetensors": {
    "model.embed_tokens.weight": [256, 64],
    "model.layers.0.input_layernorm.weight": [64],
    "model.layers.0.self_attn.q_a_proj.weight": [16, 64],
    "model.layers.0.self_attn.q_b_proj.weight": [96, 16],
    "model.layers.0.self_attn.k_proj.weight": [64, 64],
    "model.layers.0.mlp.gate_proj.weight": [128, 64],
    "visual.blocks.0.attn.qkv.weight": [96, 32],
  },
  "model-00002-of-00002.safetensors": {
    "model.layers.1.mlp.gate.weight": [4, 64],
    "model.layers.1.mlp.experts.0.up_proj.weight": [32, 64],
    "model.layers.1.mlp.experts.0.up_proj.weight_scale_inv": [1, 1],
    "model.layers.1.mlp.experts.3.down_proj.weight": [64, 32],
    "model.layers.1.mlp.shared_experts.up_proj.weight": [32, 64],
    "model.norm.weight": [64],
    "lm_head.weight": [256, 64],
    "model.layers.2.eh_proj.weight": [64, 128],
    "model.layers.2.mlp.experts.1.up_proj.weight": [32, 64],
    "model.layers.2.embed_tokens.weight": [256, 64],
  },
};

function safetensors(tensors: { readonly [name: string]: readonly number[] }): Buffer {
  let offset = 0;
  const header = Object.fromEntries(
    Object.entries(tensors).map(([name, shape]) => {
      const start = offset;
      offset += 2 * shape.reduce((product, size) => product * size, 1);
      return [name, { dtype: "BF16", shape, data_offsets: [start, offset] }];
    }),
  );
  const text = Buffer.from(JSON.stringify({ __metadata__: { format: "pt" }, ...header }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  // The weights themselves are never read, so there are none.
  return Buffer.concat([length, text]);
}

interface Content {
  readonly [file: string]: object | string | Buffer;
}

function folder(content: Content): string {
  const path = mkdtempSync(join(tmpdir(), "model-"));
  for (const [file, data] of Object.entries({ "config.json": CONFIG, ...content })) {
    const isText = typeof data === "string" || Buffer.isBuffer(data);
    writeFileSync(join(path, file), isText ? data : JSON.stringify(data));
  }
  return path;
}

const weightFiles = Object.fromEntries(Object.entries(FILES).map(([file, of]) => [file, safetensors(of)]));
const index = {
  "model.safetensors.index.json": {
    metadata: { total_size: 1_000_000 },
    weight_map: Object.fromEntries(
      Object.entries(FILES).flatMap(([file, tensors]) => Object.keys(tensors).map((name) => [name, file])),
    ),
  },
};

describe("Model.fromFolder", () => {
  test("counts the bytes of the headers by layer and by how they are spread", () => {
    const { weights, leastWeights, basis, weightBytes } = Model.fromFolder(
      folder({ ...weightFiles, ...index }),
    );
    expect(weights).toEqual({
      embedding: 2 * 256 * 64,
      head: 2 * 256 * 64,
      layers: [
        {
          sharded: 2 * 96 * 16,
          kvHeads: 2 * 64 * 64,
          replicated: 2 * (64 + 16 * 64),
          feedForward: 2 * 128 * 64,
          sharedExperts: 0,
          experts: 0,
        },
        {
          sharded: 0,
          kvHeads: 0,
          replicated: 2 * 4 * 64,
          feedForward: 0,
          sharedExperts: 2 * 32 * 64,
          experts: 2 * (2 * 32 * 64 + 1),
        },
      ],
      nextTokenModules: 2 * (64 * 128 + 32 * 64 + 256 * 64),
      nextTokenLayers: [
        {
          sharded: 0,
          kvHeads: 0,
          replicated: 2 * 64 * 128,
          feedForward: 0,
          sharedExperts: 0,
          experts: 2 * 32 * 64,
        },
      ],
      encoders: 2 * 96 * 32,
    });
    expect([leastWeights, basis]).toEqual([weights, "files"]);
    // All but the norm behind the last layer.
    expect(weightBytes).toBe(fileBytes(weights, false) + 2 * 64);
  });

  test("reads the files of the folder where there is no index", () => {
    const model = Model.fromFolder(
      folder({ "model.safetensors": weightFiles["model-00001-of-00002.safetensors"] }),
    );
    expect([model.basis, model.weights.layers[1].experts]).toEqual(["files", 0]);
  });

  test.each([
    ["a file of the index is missing", {}],
    [
      "the files are pointers",
      { "model-00001-of-00002.safetensors": "version https://git-lfs.github.com/spec/v1\n" },
    ],
  ])("spreads the total of the index over the configuration's layers where %s", (_, files: Content) => {
    const model = Model.fromFolder(folder({ ...index, ...files }));
    expect([model.basis, model.weightBytes]).toEqual(["configuration", 1_000_000]);
    expect(fileBytes(model.weights, false)).toBeCloseTo(1_000_000, 3);
    expect(model.leastWeights).toEqual(model.weights);
  });

  test("computes the weights where there is nothing but the configuration", () => {
    const path = folder({});
    expect(Model.fromFolder(path).weights).toEqual(Model.fromConfig(join(path, "config.json")).weights);
  });

  test.each([
    [{ "chat_template.jinja": "{{ x }}" }, true],
    [{ "tokenizer_config.json": { chat_template: "{{ x }}" } }, true],
    [{ "tokenizer_config.json": {} }, false],
    [{}, false],
  ])("knows from %j whether the model has a chat template", (content: Content, expected) => {
    expect(Model.fromFolder(folder(content)).chatTemplate).toBe(expected);
  });

  test("reads the quantization of the Model Optimizer beside the configuration", () => {
    const quantization = {
      quant_algo: "NVFP4",
      kv_cache_quant_algo: "FP8",
      group_size: 16,
      exclude_modules: ["lm_head"],
    };
    const model = Model.fromFolder(folder({ "hf_quant_config.json": { quantization } }));
    expect(model.quantization).toMatchObject({ method: "fp4", bits: 4, blockColumns: 16, scaleBytes: 1 });
    expect(model.cacheElementBytes).toBe(1);
  });

  test("reads the description of Ascend's quantizer, type by type", () => {
    const expert = (index: number) => `model.layers.1.mlp.experts.${index}`;
    const description = {
      model_quant_type: "W8A8_DYNAMIC",
      version: "1.0.0",
      group_size: 256,
      kv_cache_type: "C8",
      "model.layers.0.self_attn.q_b_proj.weight": "W8A8_DYNAMIC",
      "model.layers.0.self_attn.q_b_proj.weight_scale": "W8A8_DYNAMIC",
      "model.layers.0.self_attn.o_proj.weight": "W8A8_DYNAMIC",
      "model.layers.1.mlp.shared_experts.up_proj.weight": "FLOAT",
      [`${expert(0)}.up_proj.weight`]: "W4A8_DYNAMIC",
    };
    const { quantization, cacheElementBytes } = Model.fromFolder(
      folder({ "quant_model_description.json": description }),
    );
    expect(quantization).toMatchObject({
      method: "w8a8",
      bits: 8,
      kept: ["model.layers.1.mlp.shared_experts.up_proj", "re:.*\\.kv_b_proj"],
      parts: [{ bits: 4, modules: [`${expert(0)}.up_proj`] }],
    });
    expect(cacheElementBytes).toBe(1);
  });

  test("prefers what the configuration itself says about its quantization", () => {
    const config = { ...CONFIG, quantization_config: { quant_method: "fp8" } };
    const path = folder({ "config.json": config, "quant_model_description.json": { a: "FLOAT" } });
    expect(Model.fromFolder(path).quantization?.method).toBe("fp8");
  });

  test("reads Mistral's own configuration where there is no other", () => {
    const path = mkdtempSync(join(tmpdir(), "model-"));
    const params = {
      dim: 7168,
      n_layers: 61,
      n_heads: 128,
      n_kv_heads: 128,
      head_dim: 192,
      hidden_dim: 16384,
      vocab_size: 131072,
      tied_embeddings: false,
      q_lora_rank: 1536,
      kv_lora_rank: 512,
      qk_nope_head_dim: 128,
      qk_rope_head_dim: 64,
      v_head_dim: 128,
      moe: {
        num_experts: 128,
        num_experts_per_tok: 4,
        expert_hidden_dim: 4096,
        num_shared_experts: 1,
        first_k_dense_replace: 3,
      },
      yarn: { original_max_position_embeddings: 8192, factor: 36 },
      max_position_embeddings: 294912,
    };
    writeFileSync(join(path, "params.json"), JSON.stringify(params));
    const model = Model.fromFolder(path);
    expect([model.unreadable, model.assumptions, model.basis]).toEqual([undefined, [], "configuration"]);
    expect(Math.round(model.parameters / 1e9)).toBe(673);
    expect(model.positions).toEqual({ maximum: 294912, original: 8192, factor: 36, scaling: "yarn" });
  });

  test("does not judge a folder whose configuration cannot be read, and names a folder without one", () => {
    const path = folder({ "config.json": { ...CONFIG, num_attention_heads: undefined }, ...weightFiles });
    expect(Model.fromFolder(path).unreadable).toBe("'num_attention_heads' is missing");
    const empty = mkdtempSync(join(tmpdir(), "model-"));
    expect(() => Model.fromFolder(empty)).toThrow(empty);
  });
});
