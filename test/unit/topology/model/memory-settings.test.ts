import { cacheElementBytes } from "../../../../lib/topology/model/cache-element";
import { engineOverheadGiB, type OverheadQuestion } from "../../../../lib/topology/model/engine-overhead";
import { memoryFit } from "../../../../lib/topology/model/memory-fit";
import type { MemoryQuestion } from "../../../../lib/topology/model/stage-memory";
import { Model } from "../../../../lib/topology/model/model";
import type { Parallelism } from "../../../../lib/topology/model/parallelism";
import { modelOf } from "../../../support/deployments";

const cut = (tensor: number, change: Partial<Parallelism> = {}): Parallelism => ({
  tensor,
  pipeline: 1,
  data: 1,
  expertParallel: false,
  ...change,
});

function fit(model: Model, parallelism: Parallelism, change: Partial<MemoryQuestion> = {}) {
  return memoryFit({
    model,
    parallelism,
    acceleratorMemoryGiB: 80,
    contextTokens: 131072,
    concurrentSequences: 1,
    ...change,
  });
}

describe("context parallelism", () => {
  test("cuts a latent cache over the tensor group", () => {
    const cache = (decodeContext: number) =>
      fit(Model.DEEPSEEK_V3, cut(16, { decodeContext })).fullest.kvCacheGiB;
    expect(cache(8)).toBeCloseTo(cache(1) / 8, 6);
    expect(fit(Model.DEEPSEEK_V3, cut(16, { decodeContext: 8 })).kvCopies).toBe(2);
  });

  test("spreads experts over the ranks of a prompt", () => {
    const weights = (prefillContext: number) =>
      fit(Model.DEEPSEEK_V3, cut(8, { prefillContext, expertParallel: true })).fullest.weightsGiB;
    expect(weights(2)).toBeLessThan(weights(1) * 0.6);
  });
});

describe("settings of an engine", () => {
  const { headroomGiB, fullest, overheadGiB } = fit(Model.LLAMA_3_1_70B, cut(4));

  test("weights in the machine's memory leave room, at most as much as there are", () => {
    const offloaded = (cpuOffloadGiB: number) => fit(Model.LLAMA_3_1_70B, cut(4), { cpuOffloadGiB });
    expect(offloaded(10).headroomGiB).toBeCloseTo(headroomGiB + 10, 6);
    expect(offloaded(1000).fullest.weightsGiB).toBe(0);
  });

  test("a given cache must hold the load, whatever the share", () => {
    const given = (cacheGiB: number, memoryUtilization = 0.1) =>
      fit(Model.LLAMA_3_1_70B, cut(4), { cacheGiB, memoryUtilization });
    expect(given(fullest.kvCacheGiB).fits).toBe(true);
    expect(given(fullest.kvCacheGiB - 0.1).fits).toBe(false);
    // More than the accelerator has is none.
    expect(given(1000).headroomGiB).toBeCloseTo(
      80 - fullest.weightsGiB - overheadGiB - fullest.kvCacheGiB,
      6,
    );
  });

  test("a share of what is left is one of what weights and engine leave", () => {
    const left = 80 - fullest.weightsGiB - overheadGiB;
    const { headroomGiB: room } = fit(Model.LLAMA_3_1_70B, cut(4), { cacheShare: 0.8 });
    expect(room).toBeCloseTo(0.8 * left - fullest.kvCacheGiB, 6);
    expect(fit(Model.LLAMA_3_1_70B, cut(4), { cacheShare: 0.1 }).fits).toBe(false);
  });

  test("without room for the weights, all that the accelerator has is what they must fit into", () => {
    const { budgetGiB, fits } = fit(Model.LLAMA_3_1_70B, cut(1), { cacheShare: 0.8 });
    expect([budgetGiB, fits]).toEqual([expect.closeTo(80, 6), false]);
  });

  test("next-token prediction modules count on the last stage where they are loaded", () => {
    const stages = (loadsNextTokenModules: boolean) =>
      fit(Model.DEEPSEEK_V3, cut(8, { pipeline: 2 }), { loadsNextTokenModules }).stages.map(
        ({ weightsGiB }) => weightsGiB,
      );
    const [without, withModules] = [stages(false), stages(true)];
    expect(withModules[0]).toBe(without[0]);
    expect(withModules[1] - without[1]).toBeGreaterThan(1);
  });

  test("next-token prediction modules have caches of their own on the last stage", () => {
    const caches = (loadsNextTokenModules: boolean) =>
      fit(Model.DEEPSEEK_V3, cut(8, { pipeline: 2 }), { loadsNextTokenModules }).stages.map(
        ({ kvCacheGiB, layers }) => kvCacheGiB / layers,
      );
    const [without, withModules] = [caches(false), caches(true)];
    expect(withModules[0]).toBe(without[0]);
    // 30 layers and one module.
    expect(withModules[1] / without[1]).toBeCloseTo(31 / 30, 6);
  });

  test("a draft model counts whole on the last stage, cut by its own ranks", () => {
    const draft = { model: Model.LLAMA_3_1_70B, sharesTables: false };
    const stages = (more: object) => fit(Model.LLAMA_3_1_405B, cut(8, { pipeline: 2 }), more).stages;
    const alone = fit(Model.LLAMA_3_1_70B, cut(8)).fullest;
    const [without, drafted] = [stages({}), stages({ draft })];
    expect(drafted[0]).toEqual(without[0]);
    expect(drafted[1].weightsGiB - without[1].weightsGiB).toBeCloseTo(alone.weightsGiB, 6);
    expect(drafted[1].kvCacheGiB - without[1].kvCacheGiB).toBeCloseTo(alone.kvCacheGiB, 6);
    const narrow = stages({ draft: { ...draft, tensor: 1 } });
    expect(narrow[1].weightsGiB - without[1].weightsGiB).toBeCloseTo(8 * alone.weightsGiB, 1);
  });

  test("a draft model that may share tables is without them at the favourable end", () => {
    const draft = { model: Model.LLAMA_3_1_70B, sharesTables: true };
    const weights = (more: object) => fit(Model.LLAMA_3_1_405B, cut(8), more).fullest.weightsGiB;
    const { embedding, head } = Model.LLAMA_3_1_70B.weights;
    const tables = (embedding + head) / 8 / 2 ** 30;
    expect(weights({ draft }) - weights({ draft, favourable: true })).toBeCloseTo(tables, 6);
  });
});

describe("the favourable end", () => {
  const numbers = Model.fromNumbers({
    name: "experts",
    weightBytes: 700e9,
    layers: 61,
    attentionHeads: 128,
    hiddenSize: 7168,
    latentCacheWidth: 576,
    vocabularySize: 129280,
    experts: 256,
  });

  test("is never above what is likely", () => {
    const parallelism = cut(8, { data: 2, expertParallel: true });
    const weights = (favourable: boolean) => fit(numbers, parallelism, { favourable }).fullest.weightsGiB;
    expect(weights(true)).toBeLessThanOrEqual(weights(false));
    expect(weights(true)).toBeLessThan(60);
  });
});

describe("engineOverheadGiB", () => {
  const shape = Model.LLAMA_3_1_70B.shape;
  const question = { shape, parallelism: cut(2), acceleratorMemoryGiB: 80 };
  const likely = (change: Partial<OverheadQuestion>) => engineOverheadGiB({ ...question, ...change }, false);
  const GIB = 2 ** 30;

  test("grows with the sequences of a step by the logits of the vocabulary", () => {
    const perSequence = (3.7 * shape.vocabularySize * 4) / GIB;
    expect(likely({ batchedSequences: 2048 }) - likely({})).toBeCloseTo(1024 * perSequence, 6);
  });

  test("grows with the tokens of a step by their hidden states, and from some on by the feed-forward", () => {
    const perToken = (2 * shape.hiddenSize) / GIB;
    expect(likely({}) - likely({ batchedTokens: 2048 })).toBeCloseTo(6144 * perToken, 6);
    const forward = (5 * 2 * shape.hiddenSize + (3 * 2 * shape.intermediateSize) / 2) / GIB;
    expect(likely({ batchedTokens: 65536 }) - likely({ batchedTokens: 32768 })).toBeCloseTo(
      32768 * forward,
      6,
    );
  });

  test("does not grow with the tokens of a step at the favourable end", () => {
    const least = (batchedTokens: number) => engineOverheadGiB({ ...question, batchedTokens }, true);
    expect(least(65536)).toBe(least(8192));
    expect(least(2048)).toBeLessThan(least(8192));
  });

  test("is larger where logits are sorted, but not at the favourable end", () => {
    const logits = (1024 * shape.vocabularySize * 4) / GIB;
    expect(likely({ sortsLogits: true }) - likely({})).toBeCloseTo(5.9 * logits - 2.17 + 0.55, 6);
    const least = engineOverheadGiB({ ...question, sortsLogits: true }, true);
    expect(least).toBeLessThan(likely({ sortsLogits: true }) - 5 * logits);
  });

  test("has buffers for experts, which tensor parallelism cuts and expert parallelism does not", () => {
    const { shape: experts } = Model.QWEN3_235B_A22B;
    const buffers = (parallelism: Parallelism, buffersExperts = true) =>
      likely({ shape: experts, parallelism, buffersExperts }) -
      likely({ shape: { ...experts, moe: null }, parallelism });
    expect(buffers(cut(2))).toBeCloseTo((8192 * 8 * (4096 + 768) * 2) / GIB, 6);
    expect(buffers(cut(2, { expertParallel: true }))).toBeCloseTo((8192 * 8 * (4096 + 1536) * 2) / GIB, 6);
    expect(buffers(cut(2), false)).toBe(0);
  });

  test("counts a usual vocabulary for a model without one", () => {
    expect(likely({ shape: { ...shape, vocabularySize: 0 } })).toBeGreaterThan(likely({}));
  });

  test("contains graphs where the engine's share does", () => {
    expect(likely({ budgetsGraphs: true }) - likely({})).toBeCloseTo(1.58, 6);
    expect(engineOverheadGiB({ ...question, budgetsGraphs: true }, true)).toBe(
      engineOverheadGiB(question, true),
    );
  });

  test("is smaller on small cards at the favourable end", () => {
    const least = (acceleratorMemoryGiB: number) =>
      engineOverheadGiB({ ...question, acceleratorMemoryGiB }, true);
    expect(least(80) - least(44)).toBeCloseTo(2.17 - 0.2, 6);
  });
});

describe("what a release keeps", () => {
  const gptOss = modelOf("gpt-oss-120b");

  test("fills up MXFP4 experts: the hidden size always, the width where a cut makes it odd", () => {
    const experts = (tensor: number, favourable = false) =>
      fit(gptOss, cut(tensor), { favourable }).fullest.weightsGiB;
    const share = (tensor: number) => (experts(tensor) - experts(tensor, true)) / experts(tensor, true);
    expect(share(1)).toBeCloseTo(0.084, 2);
    expect(share(4)).toBeCloseTo(0.128, 2);
  });

  test("holds the tokens of a step besides those of a window", () => {
    const cache = (batchedTokens: number, favourable = false) =>
      fit(gptOss, cut(1), { batchedTokens, favourable }).fullest.kvCacheGiB;
    const perToken = (18 * 8 * 2 * 64 * 2) / 2 ** 30;
    expect(cache(8192) - cache(2048)).toBeCloseTo(6144 * perToken, 6);
    expect(cache(8192, true)).toBeCloseTo((131072 + 128) * perToken, 6);
  });
});

test.each([
  ["auto", undefined],
  [undefined, undefined],
  ["fp8", 1],
  ["fp8_ds_mla", 656 / 576],
  ["int8_per_token_head", 1],
  ["bfloat16", 2],
  ["float32", 4],
  ["nvfp4", 0.5],
  ["int4", 0.5],
  ["no such type", undefined],
])("cacheElementBytes of %s is %s", (dtype, bytes) => {
  expect(cacheElementBytes(dtype)).toBe(bytes);
});
