import { readFileSync } from "node:fs";
import { join } from "node:path";
import { structureOf } from "../../../../lib/topology/model/hub-config";
import { quantizationOf, type HubObject } from "../../../../lib/topology/model/hub-quantization";
import { layerModules } from "../../../../lib/topology/model/model-modules";
import { parametersOf, weightsOf } from "../../../../lib/topology/model/model-weights";
import { matchesModule } from "../../../../lib/topology/model/module-patterns";

function config(name: string): HubObject {
  return JSON.parse(
    readFileSync(join(__dirname, "../../../fixtures/models", `${name}.json`), "utf8"),
  ) as HubObject;
}

const llama = structureOf(config("llama-3.1-8b"));

describe("matchesModule", () => {
  const query = "model.layers.1.self_attn.q_proj";
  test.each([
    [query, true],
    ["model.layers.1", true],
    ["model.layers.1.self_attn", true],
    ["q_proj", true],
    ["self_attn", true],
    ["self_attn.q_proj", true],
    ["model.layers.*.self_attn", true],
    ["model.layers.*.self_attn*", true],
    ["re:.*self_attn.*", true],
    ["re:model\\.layers\\.\\d+\\.self_attn", true],
    ["model.layers.10", false],
    ["model.layers.1.self", false],
    ["proj", false],
    ["model.layers.*.mlp", false],
    ["re:self_attn", false],
    ["lm_head", false],
  ])("%s", (pattern, kept) => {
    expect(matchesModule(query, [pattern])).toBe(kept);
  });

  test("reads a dot literally and accepts any of several patterns", () => {
    expect(matchesModule("model.layers.11.mlp", ["model.layers.1*mlp"])).toBe(true);
    expect(matchesModule("model.layersX1.mlp", ["model.layers.*"])).toBe(false);
    expect(matchesModule("a.b", ["c", "a"])).toBe(true);
    expect(matchesModule("a.b", [])).toBe(false);
  });
});

describe("the modules of a layer", () => {
  const modules = ({ layers, shape }: typeof llama, layer: number) =>
    layerModules(layers[layer], layer, shape.hiddenSize);
  const names = (structure: typeof llama, layer = 0) => modules(structure, layer).map(({ name }) => name);

  test("are the tensors of the files for a dense model", () => {
    expect(names(llama, 3)).toEqual(
      [
        "self_attn.q_proj",
        "self_attn.k_proj",
        "self_attn.v_proj",
        "self_attn.o_proj",
        "mlp.gate_proj",
        "mlp.up_proj",
        "mlp.down_proj",
        "norms",
      ].map((name) => `model.layers.3.${name}`),
    );
  });

  test("have biases and norms where the configuration says so", () => {
    const biased = structureOf({ ...config("llama-3.1-8b"), attention_bias: true });
    expect(parametersOf(biased) - parametersOf(llama)).toBe(32 * (4096 + 2 * 1024 + 4096));
    const glm = config("glm-4.5");
    const plain = structureOf({ ...glm, attention_bias: false, use_qk_norm: false });
    expect(parametersOf(structureOf(glm)) - parametersOf(plain)).toBe(
      92 * (96 * 128 + 2 * 8 * 128 + 2 * 128),
    );
  });

  test("are dense first, then experts with a shared one, for DeepSeek", () => {
    const deepseek = structureOf(config("deepseek-v3"));
    expect(names(deepseek, 2)).toContain("model.layers.2.mlp.gate_proj");
    expect(names(deepseek, 3)).not.toContain("model.layers.3.mlp.gate_proj");
    expect(modules(deepseek, 3).find(({ name }) => name.endsWith("experts.0.up_proj"))).toMatchObject({
      rows: 2048,
      columns: 7168,
      count: 256,
      spread: "experts",
    });
    expect(
      modules(deepseek, 3)
        .filter(({ spread }) => spread === "replicated")
        .map(({ name }) => name.slice(15)),
    ).toEqual([
      "self_attn.q_a_proj",
      "self_attn.q_a_layernorm",
      "self_attn.kv_a_proj_with_mqa",
      "self_attn.kv_a_layernorm",
      "mlp.gate",
      "norms",
    ]);
  });
});

describe("quantizationOf", () => {
  const of = (quantization: HubObject) => quantizationOf({ quantization_config: quantization });

  test.each([
    [
      { quant_method: "fp8", weight_block_size: [128, 64] },
      { bits: 8, blockRows: 128, blockColumns: 64, scaleBytes: 4 },
    ],
    [{ quant_method: "fp8" }, { bits: 8, blockRows: 1, blockColumns: null, scaleBytes: 4 }],
    [
      { quant_method: "bitsandbytes", load_in_8bit: true },
      { bits: 8, blockRows: 1, blockColumns: null },
    ],
    [
      { quant_method: "modelopt", quant_algo: "FP8" },
      { method: "fp8", bits: 8, blockRows: 1 },
    ],
    [
      { quant_method: "gptq", bits: 8, group_size: -1 },
      { bits: 8, blockRows: 1, blockColumns: null, scaleBytes: 3 },
    ],
    [{ quant_method: "ascend" }, { method: "w8a8", bits: 8, scaleBytes: 8 }],
    [
      {
        quant_method: "compressed_tensors",
        config_groups: { a: { weights: { num_bits: 4, type: "int", group_size: 32 } } },
      },
      { method: "w4", bits: 4, blockRows: 1, blockColumns: 32, scaleBytes: 2 },
    ],
    [
      {
        quant_method: "compressed-tensors",
        config_groups: {
          a: { weights: { num_bits: 4, type: "float" } },
          b: { weights: { num_bits: 8, type: "float", block_structure: [128, 128] } },
          c: { weights: null },
        },
      },
      { method: "fp8", bits: 8, blockRows: 128, blockColumns: 128, scaleBytes: 4 },
    ],
  ])("%j", (quantization, expected) => {
    expect(of(quantization)).toMatchObject(expected);
  });

  test("reads kept modules under each of the known keys", () => {
    const kept = {
      modules_to_not_convert: ["a"],
      ignored_layers: ["b"],
      ignore: ["c"],
      exclude_modules: ["d"],
    };
    expect(of({ quant_method: "fp8", ...kept })?.kept).toEqual(["a", "b", "c", "d"]);
  });

  test("reads Ascend's key, and answers null without a quantization", () => {
    expect(quantizationOf({ quantize: "w4a8_dynamic" })).toMatchObject({ method: "w4a8", bits: 4 });
    expect(quantizationOf({})).toBeNull();
  });
});

test("weights count one scale per block, including a partial last block", () => {
  const shape = structureOf({
    ...config("llama-3.1-8b"),
    num_hidden_layers: 1,
    hidden_size: 300,
    intermediate_size: 100,
    num_attention_heads: 1,
    num_key_value_heads: 1,
    head_dim: 10,
  });
  const weights = (blockRows: number | null) =>
    weightsOf(shape, 2, {
      method: "fp8",
      bits: 8,
      blockRows,
      blockColumns: 128,
      scaleBytes: 4,
      kept: ["self_attn"],
    });
  const feedForward = 3 * 300 * 100;
  const attention = 2 * 2 * 300 * 10;
  // 100 x 300 in blocks of 64 x 128: 2 x 3 scales, twice; 300 x 100: 5 x 1.
  expect(weights(64).layers[0]).toMatchObject({
    sharded: attention,
    feedForward: feedForward + 4 * (2 * 6 + 5),
  });
  expect(weights(null).layers[0]).toMatchObject({
    sharded: attention,
    feedForward: feedForward + 4 * (2 * 3 + 1),
  });
});
