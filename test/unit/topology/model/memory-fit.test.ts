import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryFit } from "../../../../lib/topology/model/memory-fit";
import { paddedVocabulary, type MemoryQuestion } from "../../../../lib/topology/model/stage-memory";
import { Model } from "../../../../lib/topology/model/model";
import type { Parallelism } from "../../../../lib/topology/model/parallelism";

const cut = (tensor: number, pipeline = 1, data = 1, change: Partial<Parallelism> = {}): Parallelism => ({
  tensor,
  pipeline,
  data,
  expertParallel: false,
  ...change,
});

const fixture = (name: string) => join(__dirname, "../../../fixtures/models", `${name}.json`);

function fit(model: Model, parallelism: Parallelism, change: Partial<MemoryQuestion> = {}) {
  return memoryFit({
    model,
    parallelism,
    acceleratorMemoryGiB: 80,
    contextTokens: 4096,
    concurrentSequences: 1,
    ...change,
  });
}

/** Llama 3.1 405B FP8 as first uploaded, with 16 KV heads. */
function firstUpload405BFp8(): Model {
  const config = JSON.parse(readFileSync(fixture("llama-3.1-405b"), "utf8")) as object;
  const path = join(mkdtempSync(join(tmpdir(), "model-")), "config.json");
  const quantization = {
    quant_method: "fbgemm_fp8",
    modules_to_not_convert: Model.LLAMA_3_1_405B_FP8.quantization?.kept,
  };
  writeFileSync(
    path,
    JSON.stringify({ ...config, num_key_value_heads: 16, quantization_config: quantization }),
  );
  return Model.fromConfig(path);
}

/** What engines said in public logs that one rank's weights took, in GiB. */
const MEASURED: readonly (readonly [string, Model, Parallelism, readonly number[]])[] = [
  ["vllm-project/vllm#6746", firstUpload405BFp8(), cut(8), [57.752]],
  [
    "vllm-project/vllm#12258, stages of 30 and 31 layers",
    Model.DEEPSEEK_V3,
    cut(16, 2, 1, { layerPartition: [30, 31] }),
    [18.9152, 21.4118],
  ],
  ["llm-d/llm-d-benchmark, Llama-3.3-70B-FP8", Model.LLAMA_3_1_70B_FP8_DYNAMIC, cut(2), [33.88]],
  ["llm-d-planner, Llama-3.1-8B", Model.fromConfig(fixture("llama-3.1-8b")), cut(1), [14.99]],
  ["llm-d-planner, Llama-3.1-8B", Model.fromConfig(fixture("llama-3.1-8b")), cut(2), [7.51]],
  ["llm-d-planner, Llama-3.1-8B", Model.fromConfig(fixture("llama-3.1-8b")), cut(4), [3.77]],
];

describe("the weights of a rank", () => {
  test.each(MEASURED)("are within 2 %% of the logged value: %s", (_, model, parallelism, measured) => {
    const { stages } = fit(model, parallelism);
    expect(stages).toHaveLength(measured.length);
    for (const [stage, gib] of measured.entries()) {
      expect(Math.abs(stages[stage].weightsGiB / gib - 1)).toBeLessThan(0.02);
    }
  });

  test("are within 2 % of the logged value: vllm-project/vllm-ascend#1127, the second stage of two", () => {
    const { stages } = fit(Model.DEEPSEEK_R1_W8A8, cut(8, 2));
    expect(Math.abs(stages[1].weightsGiB / 40.7763 - 1)).toBeLessThan(0.02);
  });

  test("depend on the stage, since DeepSeek's first three layers are dense", () => {
    const { stages, fullest } = fit(Model.DEEPSEEK_V3, cut(8, 2));
    expect(stages.map(({ layers }) => layers)).toEqual([31, 30]);
    expect(stages[0].weightsGiB).toBeLessThan(stages[1].weightsGiB);
    expect(fullest.stage).toBe(1);
  });

  test("match the arithmetic for 405B on 8, 16 and 32 accelerators", () => {
    const weights = (parallelism: Parallelism) => fit(Model.LLAMA_3_1_405B, parallelism).fullest.weightsGiB;
    expect([cut(8), cut(8, 2), cut(8, 4)].map(weights).map((gib) => gib.toFixed(1))).toEqual([
      "94.5",
      "47.3",
      "23.8",
    ]);
  });

  test("spread experts over the ranks of all replicas, undivided with expert parallelism", () => {
    const experts = (parallelism: Parallelism) => fit(Model.DEEPSEEK_V3, parallelism).fullest.weightsGiB;
    expect(experts(cut(1, 1, 16))).toBeCloseTo(experts(cut(1, 1, 16, { expertParallel: true })), 6);
    // 256 experts over 24 ranks: some have eleven, which is more than 256 / 24.
    expect(experts(cut(8, 1, 3, { expertParallel: true }))).toBeGreaterThan(experts(cut(8, 1, 3)));
    expect(experts(cut(8, 1, 2))).toBeGreaterThan(experts(cut(16)));
  });

  test("cut feed-forward layers over the replicas as well where the engine does", () => {
    const gib = (bytes: number) => bytes / 2 ** 30;
    const weights = (model: Model, change: Partial<Parallelism>) =>
      fit(model, cut(8, 1, 2, change)).fullest.weightsGiB;
    const dense = Model.LLAMA_3_1_405B;
    const saved = weights(dense, {}) - weights(dense, { cutsFeedForwardOverReplicas: true });
    expect(saved).toBeCloseTo(gib(126 * 3 * 16384 * 53248 * 2) / 16, 3);
    // 58 layers with a shared expert of 2048, in blocks of FP8 with a scale of 4 bytes for 128 x 128.
    const moe = Model.DEEPSEEK_V3;
    const shared = gib(58 * 3 * 7168 * 2048 * (1 + 4 / 128 ** 2));
    const kept = weights(moe, { keepsSharedExperts: true }) - weights(moe, {});
    expect(kept).toBeCloseTo((shared * 7) / 8, 3);
    const both = { keepsSharedExperts: true, cutsFeedForwardOverReplicas: true };
    const denseLayers = gib(3 * 3 * 7168 * 18432 * (1 + 4 / 128 ** 2));
    expect(weights(moe, { keepsSharedExperts: true }) - weights(moe, both)).toBeCloseTo(denseLayers / 16, 3);
  });

  test("contain copies of key and value projections where ranks outnumber KV heads", () => {
    const { weightsGiB } = fit(Model.LLAMA_3_1_405B, cut(16)).fullest;
    const projections = 126 * 2 * 8 * 128 * 16384 * 2;
    const evenly = 811706744832 / 16;
    expect(weightsGiB * 2 ** 30).toBeGreaterThan(evenly + projections / 16);
    expect(weightsGiB * 2 ** 30).toBeLessThan((evenly + projections / 16) * 1.001);
  });

  test("count tied embeddings once on one stage and twice on two", () => {
    const path = join(mkdtempSync(join(tmpdir(), "model-")), "config.json");
    const config = JSON.parse(readFileSync(fixture("llama-3.1-8b"), "utf8")) as object;
    writeFileSync(path, JSON.stringify({ ...config, tie_word_embeddings: true }));
    const tied = Model.fromConfig(path);
    const table = (128256 * 4096 * 2) / 2 ** 30;
    const total = (model: Model, pipeline: number) =>
      fit(model, cut(1, pipeline)).stages.reduce((sum, { weightsGiB }) => sum + weightsGiB, 0);
    const untied = Model.fromConfig(fixture("llama-3.1-8b"));
    expect(total(untied, 1) - total(tied, 1)).toBeCloseTo(table, 6);
    expect(total(untied, 2) - total(tied, 2)).toBeCloseTo(0, 6);
  });
});

describe("the cache", () => {
  test.each([
    ["405B, each head once", Model.LLAMA_3_1_405B, cut(8), 126 * 2 * 128 * 2, 1],
    ["405B over 16, two copies", Model.LLAMA_3_1_405B, cut(16), 126 * 2 * 128 * 2, 2],
    ["405B, four stages, the fullest", Model.LLAMA_3_1_405B, cut(8, 4), 32 * 2 * 128 * 2, 1],
    ["Qwen3 over 8, two copies", Model.QWEN3_235B_A22B, cut(8), 94 * 2 * 128 * 2, 2],
    ["DeepSeek, the same on all ranks", Model.DEEPSEEK_V3, cut(16), 61 * 576 * 2, 16],
    ["DeepSeek, two stages", Model.DEEPSEEK_V3, cut(8, 2), 30 * 576 * 2, 8],
  ])("%s", (_, model, parallelism, bytesPerToken, copies) => {
    const { fullest, kvCopies } = fit(model, parallelism);
    expect(fullest.kvBytesPerToken).toBe(bytesPerToken);
    expect(kvCopies).toBe(copies);
  });

  test("takes 63 GiB in total for one 131072-token sequence of 405B", () => {
    const { stages } = fit(Model.LLAMA_3_1_405B, cut(8), { contextTokens: 131072 });
    expect(stages[0].kvCacheGiB * 8).toBeCloseTo(63, 6);
  });

  // "Available KV cache memory: 8.11 GiB", "GPU KV cache size: 178,880 tokens" (vllm-project/vllm#21348), and
  // 58.11 GiB, 476,016 tokens (llm-d-planner, Llama-3.1-8B).
  test.each([
    [Model.QWEN3_235B_A22B_FP8, cut(4), 8.11, 178880],
    [Model.fromConfig(fixture("llama-3.1-8b")), cut(1), 58.11, 476016],
  ])("holds as many tokens as logged", (model, parallelism, roomGiB, tokens) => {
    const { weightsGiB } = fit(model, parallelism).fullest;
    const { maximumTokens } = fit(model, parallelism, {
      acceleratorMemoryGiB: weightsGiB + roomGiB,
      memoryUtilization: 1,
      overheadGiB: 0,
    });
    expect(Math.abs(maximumTokens / tokens - 1)).toBeLessThan(0.02);
  });

  test("has the room that was logged: Llama-3.3-70B-FP8, tp 2, 79.18 GiB, 4.84 and 0.55 GiB for the engine", () => {
    const { fullest, headroomGiB } = fit(Model.LLAMA_3_1_70B_FP8_DYNAMIC, cut(2), {
      acceleratorMemoryGiB: 79.18,
      overheadGiB: 4.84 + 0.55,
    });
    expect(Math.abs((headroomGiB + fullest.kvCacheGiB) / 32.0 - 1)).toBeLessThan(0.02);
  });

  test("holds twice the tokens with one byte per element", () => {
    const tokens = (kvElementBytes?: number) =>
      fit(Model.LLAMA_3_1_405B, cut(8, 2), { kvElementBytes }).maximumTokens;
    expect(tokens(1)).toBeGreaterThanOrEqual(2 * tokens());
    expect(tokens(1)).toBeLessThanOrEqual(2 * tokens() + 1);
  });

  test("is distributed among replicas in whole sequences", () => {
    const cache = (sequences: number) =>
      fit(Model.QWEN2_5_72B, cut(8, 1, 2), { concurrentSequences: sequences }).fullest.kvCacheGiB;
    expect(cache(3)).toBe(cache(4));
    expect(cache(4)).toBe(cache(1) * 2);
    const { maximumTokens, maximumSequences } = fit(Model.QWEN2_5_72B, cut(8, 1, 2));
    expect(maximumTokens).toBe(fit(Model.QWEN2_5_72B, cut(8)).maximumTokens * 2);
    expect(maximumSequences).toBe(Math.floor(maximumTokens / 2 / 4096) * 2);
  });
});

describe("the verdict", () => {
  test("changes at the first token that does not fit", () => {
    const { maximumTokens } = fit(Model.LLAMA_3_1_405B, cut(8, 2));
    const at = (contextTokens: number) => fit(Model.LLAMA_3_1_405B, cut(8, 2), { contextTokens });
    expect([at(maximumTokens).fits, at(maximumTokens + 1).fits]).toEqual([true, false]);
    expect(at(maximumTokens)).toMatchObject({ tight: true, maximumSequences: 1 });
    expect(at(maximumTokens + 1)).toMatchObject({ tight: false, maximumSequences: 0 });
  });

  test("has parts that add up to the total", () => {
    const { budgetGiB, headroomGiB, overheadGiB, fullest } = fit(Model.GLM_4_5, cut(8, 2));
    expect(budgetGiB).toBe(72);
    expect(overheadGiB).toBeGreaterThan(2.17);
    expect(fullest.totalGiB).toBeCloseTo(fullest.weightsGiB + fullest.kvCacheGiB + overheadGiB, 9);
    expect(headroomGiB).toBeCloseTo(budgetGiB - fullest.totalGiB, 9);
  });

  test("reports 0 tokens where the weights alone do not fit", () => {
    expect(fit(Model.LLAMA_3_1_405B, cut(8))).toMatchObject({
      fits: false,
      maximumTokens: 0,
      maximumSequences: 0,
    });
  });
});

test("paddedVocabulary rounds up to 64", () => {
  expect([128256, 129280, 151936, 32001, 0].map(paddedVocabulary)).toEqual([
    128256, 129280, 151936, 32064, 0,
  ]);
});
