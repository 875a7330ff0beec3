import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allModels } from "../../../../lib/catalog/models";
import { Model } from "../../../../lib/topology/model/model";

const fixture = (name: string) => join(__dirname, "../../../fixtures/models", `${name}.json`);
const GIB = 2 ** 30;

/** A configuration of the fixtures with changes, as a file of its own. */
function changed(name: string, change: object): string {
  const path = join(mkdtempSync(join(tmpdir(), "model-")), "config.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(fixture(name), "utf8")), ...change }));
  return path;
}

function expectWithin(actual: number, published: number, percent: number): void {
  expect(Math.abs(actual / published - 1) * 100).toBeLessThanOrEqual(percent);
}

/** Published or measured figures: billions of parameters, GiB of weight files, KiB of cache for a token. */
const PUBLISHED: readonly (readonly [fixture: string, parameters: number, weights: number, cache: number])[] =
  [
    ["llama-3.1-405b", 405.853, 756.0, 504],
    ["llama-3.1-70b", 70.554, 131.4, 320],
    ["llama-3.1-8b", 8.030261248, 16060556376 / GIB, 128],
    ["deepseek-v3", 671.026, 688586727753 / GIB, 68.6],
    ["deepseek-r1-w8a8", 671.026, 641.3, 68.6],
    ["qwen3-235b-a22b", 235.094, 437.9, 188],
    ["qwen3-235b-a22b-fp8", 235.094, 219, 188],
    ["qwen2.5-72b", 72.706, 135.4, 320],
    ["kimi-k2", 1026.408, 956, 68.6],
    ["glm-4.5", 352.8, 667, 368],
    ["glm-4.5-air", 106.9, 206, 184],
    ["mixtral-8x7b", 46.702792704, (2 * 46.702792704e9) / GIB, 128],
    ["qwen1.5-moe-a2.7b", 14.3, (2 * 14.3e9) / GIB, 192],
    ["deepseek-v2-lite", 15.7, (2 * 15.7e9) / GIB, (27 * 576 * 2) / 1024],
  ];

describe("Model.fromConfig", () => {
  test.each(PUBLISHED)(
    "%s: %f billion parameters, %f GiB, %f KiB a token",
    (name, parameters, weights, cache) => {
      const model = Model.fromConfig(fixture(name));
      expectWithin(model.parameters / 1e9, parameters, 2);
      expectWithin(model.weightBytes / GIB, weights, 2);
      expectWithin(model.kvBytesPerToken / 1024, cache, 2);
    },
  );

  test.each([
    ["llama-3.1-405b", Model.LLAMA_3_1_405B],
    ["llama-3.1-70b", Model.LLAMA_3_1_70B],
    ["deepseek-v3", Model.DEEPSEEK_V3],
    ["qwen3-235b-a22b", Model.QWEN3_235B_A22B],
    ["qwen3-235b-a22b-fp8", Model.QWEN3_235B_A22B_FP8],
    ["qwen2.5-72b", Model.QWEN2_5_72B],
    ["kimi-k2", Model.KIMI_K2],
    ["glm-4.5", Model.GLM_4_5],
    ["glm-4.5-air", Model.GLM_4_5_AIR],
  ])("%s has the shape and weights of the catalogue", (name, catalogued) => {
    const { id, source, checked, ...shape } = catalogued.shape as unknown as { [key: string]: unknown };
    const model = Model.fromConfig(fixture(name));
    expect([id, source, checked]).not.toContain(undefined);
    expect(model.shape).toEqual(shape);
    expect(model.weights).toEqual(catalogued.weights);
  });

  test("keeps the modules that the quantizer left as they are", () => {
    const attention = Array.from({ length: 126 }, (_, layer) =>
      ["q", "k", "v", "o"].map((part) => `model.layers.${layer}.self_attn.${part}_proj`),
    ).flat();
    const ends = [0, 125].flatMap((layer) =>
      ["gate", "up", "down"].map((part) => `model.layers.${layer}.mlp.${part}_proj`),
    );
    const model = Model.fromConfig(
      changed("llama-3.1-405b", {
        quantization_config: {
          quant_method: "fbgemm_fp8",
          activation_scale_ub: 1200.0,
          modules_to_not_convert: ["lm_head", ...attention, ...ends],
        },
      }),
    );
    expect(model.weightBytes).toBe(Model.LLAMA_3_1_405B_FP8.weightBytes);
    expectWithin(model.weightBytes / GIB, 453.7, 0.1);
  });

  // Linear layers: 6.98 of 8.03 billion parameters; the rest, embedding and head, stays at 2 bytes.
  test.each([
    ["fp8", { quant_method: "fp8" }, 8],
    [
      "compressed-tensors",
      { quant_method: "compressed-tensors", config_groups: { a: { weights: { num_bits: 8 } } } },
      8,
    ],
    ["gptq", { quant_method: "gptq", bits: 4, group_size: 128 }, 4.15625],
    ["awq", { quant_method: "awq", w_bit: 4, q_group_size: 128 }, 4.15625],
    ["fp4", { quant_method: "modelopt", quant_algo: "NVFP4" }, 4.5],
    ["bitsandbytes", { quant_method: "bitsandbytes", load_in_4bit: true }, 4.5],
  ])("counts the bits of %s with their scales", (_, quantization, bits) => {
    const model = Model.fromConfig(changed("llama-3.1-8b", { quantization_config: quantization }));
    const linear = 32 * (2 * 4096 * 4096 + 2 * 1024 * 4096 + 3 * 4096 * 14336);
    expectWithin(model.weightBytes, 2 * (8030261248 - linear) + (linear * bits) / 8, 0.1);
  });

  test("reads name, bytes and element type from options and configuration", () => {
    const path = changed("llama-3.1-8b", { torch_dtype: undefined, dtype: "float16" });
    const model = Model.fromConfig(path, { name: "mine", weightBytes: 16060556376 });
    expect([model.name, model.weightBytes, model.dtype, model.id]).toEqual([
      "mine",
      16060556376,
      "float16",
      undefined,
    ]);
    expect(Model.fromConfig(changed("llama-3.1-8b", { tie_word_embeddings: true })).weightBytes).toBe(
      Model.fromConfig(fixture("llama-3.1-8b")).weightBytes - 128256 * 4096 * 2,
    );
  });

  test("finds dense layers where every second layer has experts", () => {
    const model = Model.fromConfig(
      changed("qwen1.5-moe-a2.7b", { decoder_sparse_step: 2, mlp_only_layers: [3] }),
    );
    expect(model.shape.moe?.denseLayers).toEqual([0, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]);
  });

  test.each([
    [{ model_type: "mamba" }, "model_type 'mamba' is not known; known are llama, mistral, mixtral"],
    [
      { quantization_config: { quant_method: "hqq" } },
      "quantization method 'hqq' is not known; known are fp8",
    ],
    [{ quantization_config: { quant_method: "compressed-tensors" } }, "has no config_groups with weights"],
    [{ quantize: "int8" }, "quantization 'int8' is not of the form w8a8"],
    [{ torch_dtype: "float8" }, "element type 'float8' is not known"],
    [{ num_hidden_layers: undefined }, "'num_hidden_layers' must be a whole number, got nothing"],
    [{ hidden_size: "4096" }, `'hidden_size' must be a whole number, got "4096"`],
    [{ vision_config: {} }, "parts besides the language model"],
  ])("refuses %j and says why", (change, message) => {
    const path = changed("llama-3.1-8b", change);
    expect(() => Model.fromConfig(path)).toThrow(message);
    expect(() => Model.fromConfig(path)).toThrow(path);
  });
});

describe("Model.of", () => {
  test("has a static for every model of the catalogue", () => {
    const statics = Object.values(Model).filter((value): value is Model => value instanceof Model);
    expect(statics.map(({ id }) => id).sort()).toEqual(
      allModels()
        .map(({ id }) => id)
        .sort(),
    );
    expect(Model.of("kimi-k2").hubRepository).toBe("moonshotai/Kimi-K2-Instruct");
  });

  test("keeps an unknown key, for the plan to report", () => {
    expect(Model.of("llama-3.1-405").id).toBe("llama-3.1-405");
  });
});

describe("Model.fromNumbers", () => {
  const numbers = {
    name: "own",
    weightBytes: 811706744832,
    layers: 126,
    attentionHeads: 128,
    hiddenSize: 16384,
  };

  test("fills in heads, width and parameters", () => {
    const model = Model.fromNumbers(numbers);
    expect([model.shape.kvHeads, model.shape.headDim, model.parameters]).toEqual([128, 128, 405853372416]);
    expect(Model.fromNumbers({ ...numbers, kvHeads: 8 }).kvBytesPerToken).toBe(
      Model.LLAMA_3_1_405B.kvBytesPerToken,
    );
    expect(Model.fromNumbers({ ...numbers, latentCacheWidth: 576 }).kvBytesPerToken).toBe(126 * 576 * 2);
  });

  test("puts embedding and output head on the first and last stage", () => {
    const { embedding, head, layers } = Model.fromNumbers({ ...numbers, vocabularySize: 128256 }).weights;
    expect([embedding, head]).toEqual([128256 * 16384 * 2, 128256 * 16384 * 2]);
    expectWithin(embedding + head + 126 * layers[0].sharded, numbers.weightBytes, 0.0001);
  });

  test.each([
    [{ layers: 0 }, "layers must be a whole number of at least 1, got 0"],
    [{ attentionHeads: 96 }, "headDim must be a whole number of at least 1, got 170.66"],
    [{ weightBytes: 1000, vocabularySize: 128256 }, "weightBytes must be more than embedding and head"],
  ])("refuses %j", (change, message) => {
    expect(() => Model.fromNumbers({ ...numbers, ...change })).toThrow(message);
  });
});
