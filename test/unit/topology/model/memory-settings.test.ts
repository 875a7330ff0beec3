import { cacheElementBytes } from "../../../../lib/topology/model/cache-element";
import { engineOverheadGiB } from "../../../../lib/topology/model/engine-overhead";
import { memoryFit, type MemoryQuestion } from "../../../../lib/topology/model/memory-fit";
import { Model } from "../../../../lib/topology/model/model";
import type { Parallelism } from "../../../../lib/topology/model/parallelism";

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

  test("next-token prediction modules count on the last stage where they are loaded", () => {
    const stages = (loadsNextTokenModules: boolean) =>
      fit(Model.DEEPSEEK_V3, cut(8, { pipeline: 2 }), { loadsNextTokenModules }).stages.map(
        ({ weightsGiB }) => weightsGiB,
      );
    const [without, withModules] = [stages(false), stages(true)];
    expect(withModules[0]).toBe(without[0]);
    expect(withModules[1] - without[1]).toBeGreaterThan(1);
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
  const question = { hasExperts: false, parallelism: cut(2), acceleratorMemoryGiB: 80 };

  test("grows with the tokens of a step; the favourable end does not", () => {
    const overhead = (batchedTokens: number, favourable: boolean) =>
      engineOverheadGiB({ ...question, batchedTokens }, favourable);
    expect(overhead(16384, false) - overhead(8192, false)).toBeCloseTo(2.29, 6);
    expect(overhead(16384, true)).toBe(overhead(8192, true));
    expect(overhead(8192, false) - overhead(2048, false)).toBeCloseTo((2.29 * 3) / 4, 6);
  });

  test("contains graphs where the engine's share does", () => {
    const likely = (budgetsGraphs: boolean) => engineOverheadGiB({ ...question, budgetsGraphs }, false);
    expect(likely(true) - likely(false)).toBeCloseTo(1.58, 6);
    expect(engineOverheadGiB({ ...question, budgetsGraphs: true }, true)).toBe(
      engineOverheadGiB(question, true),
    );
  });

  test("is smaller on small cards at the favourable end", () => {
    const least = (acceleratorMemoryGiB: number) =>
      engineOverheadGiB({ ...question, acceleratorMemoryGiB }, true);
    expect(least(80) - least(24)).toBeCloseTo(2.17 - 0.2, 6);
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
