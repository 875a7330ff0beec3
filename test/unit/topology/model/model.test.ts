import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allModels } from "../../../../lib/catalog/models";
import { Model } from "../../../../lib/topology/model/model";
import { bytesOfLayer } from "../../../../lib/topology/model/model-weights";

const fixture = (name: string) => join(__dirname, "../../../fixtures/models", `${name}.json`);
const GIB = 2 ** 30;

/** A configuration of the fixtures with changes, as a file of its own. */
function changed(name: string, change: object): string {
  const path = join(mkdtempSync(join(tmpdir(), "model-")), "config.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(fixture(name), "utf8")), ...change }));
  return path;
}

function written(content: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "model-")), "config.json");
  writeFileSync(path, content);
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
    const model = Model.fromConfig(fixture(name));
    expect(model.shape).toEqual(catalogued.shape);
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

  // Gemma 4 and Doge count experts that they do not have.
  test.each(["enable_moe_block", "is_moe"])("has no experts where %s is false", (name) => {
    const experts = { num_experts: 16384, moe_intermediate_size: 2048 };
    const bytes = (change: object) => Model.fromConfig(changed("llama-3.1-8b", change)).weightBytes;
    expect(bytes({ ...experts, [name]: false })).toBe(bytes({}));
    expect(bytes(experts)).toBeGreaterThan(bytes({}));
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
    [{ torch_dtype: "float8" }, "element type 'float8' is not known"],
    [{ hidden_size: "4096" }, `'hidden_size' must be a whole number, got "4096"`],
    [{ num_attention_heads: 32.5 }, "'num_attention_heads' must be a whole number, got 32.5"],
  ])("refuses %j and says why", (change, message) => {
    const path = changed("llama-3.1-8b", change);
    expect(() => Model.fromConfig(path)).toThrow(message);
    expect(() => Model.fromConfig(path)).toThrow(path);
  });

  test.each([
    ["{}", "has no size of a model"],
    ['{ "model_type": "deepseek_v32" }', "has no size of a model"],
    ['{ "text_config": { "model_type": "llama" } }', "has no size of a model"],
    ["[]", "is no JSON object"],
  ])("refuses %s, which is no configuration", (content, message) => {
    expect(() => Model.fromConfig(written(content))).toThrow(message);
  });

  test.each([
    [{ num_hidden_layers: undefined }, "'num_hidden_layers' is missing"],
    [{ num_attention_heads: undefined }, "'num_attention_heads' is missing"],
    [{ intermediate_size: undefined }, "'intermediate_size' is missing"],
    [{ model_type: "nemotron-nas", intermediate_size: null }, "'intermediate_size' is missing"],
  ])("does not judge a model with %j", (change, reason) => {
    const model = Model.fromConfig(changed("llama-3.1-8b", change));
    expect([model.unreadable, model.weightBytes]).toEqual([reason, 0]);
  });

  test("names what it assumed of a family that the catalogue does not hold", () => {
    const model = Model.fromConfig(changed("llama-3.1-8b", { model_type: "newcomer" }));
    const known = Model.fromConfig(fixture("llama-3.1-8b"));
    expect(model.assumptions).toEqual([
      "model_type 'newcomer' is not in the catalogue: biases, norms and gates as its keys say",
    ]);
    expect(model.weightBytes).toBe(known.weightBytes);
    expect(model.leastWeights.layers[0].sharded).toBeCloseTo(0.97 * known.weights.layers[0].sharded, -3);
    expect([known.assumptions, known.leastWeights]).toEqual([[], known.weights]);
  });

  test.each([
    [{ quantization_config: { quant_method: "hqq" } }, "quantization method 'hqq' is not known"],
    [{ quantize: "int8" }, "quantization 'int8' is not of the form w8a8"],
    [{ quantization_config: { quant_method: "compressed-tensors" } }, "no config_groups with weights"],
  ])("counts %j as 8 bits, and 4 at least", (change, assumption) => {
    const model = Model.fromConfig(changed("llama-3.1-8b", change));
    const eight = Model.fromConfig(changed("llama-3.1-8b", { quantization_config: { quant_method: "fp8" } }));
    expect(model.assumptions.join()).toContain(assumption);
    expect(model.weights.layers).toEqual(eight.weights.layers);
    expectWithin(2 * model.leastWeights.layers[3].sharded, eight.weights.layers[3].sharded, 1);
  });

  test("spreads the bytes of the files over the layers, where they are known", () => {
    const model = Model.fromConfig(fixture("llama-3.1-8b"), { weightBytes: 9e9 });
    const { embedding, head, layers } = model.weights;
    expect([embedding, head]).toEqual([2 * 128256 * 4096, 2 * 128256 * 4096]);
    const ofLayers = layers.reduce((sum, layer) => sum + bytesOfLayer(layer), 0);
    expectWithin(embedding + head + ofLayers, 9e9, 0.001);
  });

  test("reads JSON as Python writes it", () => {
    const path = written(
      '{"hidden_size": 8, "limits": [0.0, Infinity], "low": -Infinity, "num_hidden_layers": 1}',
    );
    expect(Model.fromConfig(path).unreadable).toBe("'num_attention_heads' is missing");
  });
});

describe("Model.loadedAs", () => {
  const FLOAT32 = { torch_dtype: "float32" };
  const FP8 = JSON.parse(readFileSync(fixture("qwen3-235b-a22b-fp8"), "utf8")).quantization_config as object;

  test.each([
    ["a type of 32 bits that is loaded with 16", FLOAT32, "auto", 0.5, 2],
    ["a type of 32 bits that is asked for", FLOAT32, "float32", 1, 4],
    ["the same by its other name", FLOAT32, "float", 1, 4],
    ["a type of 16 bits", {}, "auto", 1, 2],
    ["a type of 16 bits by another one", {}, "half", 1, 2],
    ["a type of 16 bits that is loaded with 32", {}, "float32", 2, 4],
    ["a type that is not known", {}, "int3", 1, 2],
  ])("%s has its bytes in memory, and those of its files", (_, change, dtype, factor, elementBytes) => {
    const model = Model.fromConfig(changed("llama-3.1-8b", change));
    const loaded = model.loadedAs(dtype);
    expectWithin(loaded.weights.layers[0].sharded, model.weights.layers[0].sharded * factor, 0.001);
    expectWithin(loaded.leastWeights.head, model.leastWeights.head * factor, 0.001);
    expect(loaded.weightBytes).toBe(model.weightBytes);
    expect(loaded.parameters).toBe(model.parameters);
    expect(loaded.elementBytes).toBe(elementBytes);
  });

  test("leaves quantized matrices as they are", () => {
    const model = Model.fromConfig(changed("llama-3.1-8b", { quantization_config: FP8 }));
    const loaded = model.loadedAs("float32");
    expect(loaded.weights.layers[0].sharded).toBeCloseTo(model.weights.layers[0].sharded, 3);
    expect(loaded.weights.embedding).toBe(2 * model.weights.embedding);
  });

  test("loads with 16 bits what a quantized checkpoint of 32 bits has besides, and keeps what is known of its files", () => {
    const config = changed("llama-3.1-8b", { ...FLOAT32, quantization_config: FP8 });
    // The files are 1 GB larger than computed, which is in their layers.
    const weightBytes = Model.fromConfig(config).weightBytes + 1e9;
    const model = Model.fromConfig(config, { weightBytes });
    const loaded = model.loadedAs("auto");
    expect(loaded.elementBytes).toBe(2);
    expect(loaded.weights.embedding).toBe(model.weights.embedding / 2);
    // Quantized matrices with what the files have more; the scales are as they are in the files.
    expect(loaded.weights.layers[0].sharded).toBeCloseTo(model.weights.layers[0].sharded, 3);
    expect(loaded.weights.layers[0].replicated).toBeLessThan(model.weights.layers[0].replicated);
    expect(loaded.weightBytes).toBe(weightBytes);
  });
});

describe("Model.overridden", () => {
  test("counts the weights of the layers that are left", () => {
    const model = Model.fromConfig(fixture("llama-3.1-8b"))._overridden({ num_hidden_layers: 16 });
    expect(model.weights.layers).toHaveLength(16);
    expect(model.leastWeights.layers).toHaveLength(16);
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

  test("takes the bytes of the experts, or estimates them between two bounds", () => {
    const moe = { ...numbers, kvHeads: 8, experts: 64 };
    const given = Model.fromNumbers({ ...moe, expertBytes: 126 * 5e9 });
    expect(given.weights.layers[7]).toMatchObject({ experts: 5e9, sharded: numbers.weightBytes / 126 - 5e9 });
    expect(given.leastWeights).toEqual(given.weights);
    const { weights, leastWeights } = Model.fromNumbers(moe);
    const attention = 2 * (128 + 8) * 128 * 16384;
    expect(numbers.weightBytes / 126 - weights.layers[0].experts).toBeCloseTo(2 * attention, -1);
    expect(numbers.weightBytes / 126 - leastWeights.layers[0].experts).toBeCloseTo(attention / 2, -1);
  });

  test("keeps a window in some layers and nothing in linear ones, evenly among the others", () => {
    const kinds = Model.fromNumbers({
      ...numbers,
      layers: 8,
      weightBytes: 1e12,
      slidingWindow: 128,
      windowLayers: 3,
      linearLayers: 2,
    }).shape.layerCaches.map(({ kind }) => kind);
    expect(kinds).toEqual(["full", "window", "full", "state", "window", "full", "window", "state"]);
  });

  test.each([
    [{ layers: 0 }, "layers must be a whole number of at least 1, got 0"],
    [{ attentionHeads: 96 }, "headDim must be a whole number of at least 1, got 170.66"],
    [{ experts: 8, expertBytes: 1e13 }, "expertBytes must be more than 0 and at most the 811706744832 bytes"],
    [{ weightBytes: 1000, vocabularySize: 128256 }, "weightBytes must be more than embedding and head"],
  ])("refuses %j", (change, message) => {
    expect(() => Model.fromNumbers({ ...numbers, ...change })).toThrow(message);
  });
});
