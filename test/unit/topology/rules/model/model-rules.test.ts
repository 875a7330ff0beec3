import { Model } from "../../../../../lib/topology/model/model";
import { memoryFit } from "../../../../../lib/topology/model/memory-fit";
import { checkModel } from "../../../../../lib/topology/rules/model/model-rules";
import type { ModelPlan } from "../../../../../lib/topology/rules/model/model-structure";
import { KNOWN } from "./model-table";
import { modelPlan } from "../../../../support/model-plans";

/** What a test of the findings looks at; the sentences stand in `golden/model.md`. */
const found = (checked: ModelPlan) => checkModel(checked).map(({ rule, got, fix }) => [rule, got, fix]);

describe("the table of known models", () => {
  test("has at least 30 rows of all verdicts", () => {
    expect(KNOWN.length).toBeGreaterThanOrEqual(30);
    expect(new Set(KNOWN.map(({ verdict }) => verdict))).toEqual(new Set(["yes", "tight", "no"]));
  });

  test.each(KNOWN.map((row) => [`${row.verdict}: ${row.name}`, row] as const))("%s", (_, row) => {
    const problems = checkModel(row.plan);
    const errors = problems.filter(({ level }) => level === "error").map(({ rule }) => rule);
    expect(errors).toEqual(row.verdict === "no" ? row.because : []);
    if (row.verdict !== "no") {
      expect(problems.some(({ rule }) => rule === "RC109")).toBe(row.verdict === "tight");
    }
    if (row.verdict === "tight") {
      expect(memoryFit(row.plan).headroomGiB).toBeCloseTo(row.because as number, 0);
    }
  });
});

// torch_npu reports 60.96 GiB of the 64 (vllm-project/vllm-ascend#1127): the published sizes must hold with them.
test.each(
  KNOWN.filter(({ plan: { acceleratorMemoryGiB } }) => acceleratorMemoryGiB === 64).map(
    (row) => [row.name, row] as const,
  ),
)("checkModel agrees for the memory that an NPU reports: %s", (_, row) => {
  const errors = checkModel({ ...row.plan, acceleratorMemoryGiB: 60.96 }).filter(
    ({ level }) => level === "error",
  );
  expect(errors.map(({ rule }) => rule)).toEqual(row.because);
});

describe("checkModel", () => {
  test("proposes sizes that divide the heads", () => {
    expect(found(modelPlan(Model.LLAMA_3_1_405B, 4, {}, { tensor: 24, pipeline: 1 }))).toEqual([
      ["RC101", "tp 24 x pp 1 x dp 1 = 24 ranks", "set tp 8 x pp 4 x dp 1"],
      ["RC102", "24", "use 8 or 16 or 32"],
    ]);
  });

  test("proposes the nodes for the ranks where the split is possible", () => {
    const [problem] = checkModel(
      modelPlan(Model.LLAMA_3_1_405B, 17, { acceleratorsPerNode: 4 }, { tensor: 64, pipeline: 1 }),
    );
    expect(problem).toMatchObject({
      rule: "RC101",
      fix: "use 16 nodes for tp 64 x pp 1 x dp 1, or set tp 4 x pp 17 x dp 1",
    });
  });

  test("refuses a size that neither divides the KV heads nor is a multiple of them", () => {
    const numbers = {
      name: "own",
      weightBytes: 2e9,
      layers: 12,
      attentionHeads: 12,
      kvHeads: 4,
      hiddenSize: 1536,
    };
    const check = (tensor: number) =>
      checkModel(modelPlan(Model.fromNumbers(numbers), 1, { acceleratorsPerNode: tensor }));
    expect(check(6).map(({ rule }) => rule)).toEqual(["RC103"]);
    expect(check(6)[0].fix).toBe("use 2");
    expect([check(1), check(2), check(4), check(12)]).toEqual([[], [], [], []]);
  });

  test("refuses a size that does not divide the vocabulary", () => {
    const [problem] = checkModel(modelPlan(Model.GLM_4_5_AIR, 3, {}, { acrossNodes: "tensor" }));
    expect(problem).toMatchObject({ rule: "RC104", got: "24" });
  });

  test("proposes expert parallelism where only experts cannot be split at their blocks", () => {
    const engine = { name: "vllm", version: "0.28.0" };
    expect(found(modelPlan(Model.QWEN3_235B_A22B_FP8, 1, { engine }))).toEqual([
      ["RC114", "parts of 192 (1536 over 8 ranks)", "use 4, or expert parallelism"],
    ]);
    expect(found(modelPlan(Model.QWEN3_235B_A22B_FP8, 1))).toEqual([
      ["RC124", "parts of 192 (expert width of 1536 over 8 ranks)", "use 4, or expert parallelism"],
    ]);
    expect(found(modelPlan(Model.QWEN3_235B_A22B_FP8, 1, {}, { tensor: 4 }))).toEqual([]);
    const [problem] = checkModel(
      modelPlan(Model.DEEPSEEK_R1, 4, {}, { acrossNodes: "tensor", expertParallel: true }),
    );
    expect(problem).toMatchObject({ got: "parts of 576 (18432 over 32 ranks)", fix: "use 8 or 16" });
  });

  test("refuses more stages than layers, and a partition that does not add up", () => {
    expect(checkModel(modelPlan(Model.DEEPSEEK_V3, 8, {}, { tensor: 1 }))[0]).toMatchObject({
      rule: "RC106",
      path: "engine.pipelineParallelSize",
      got: "64",
    });
    const split = (layerPartition: number[]) =>
      checkModel(modelPlan(Model.DEEPSEEK_V3, 2, {}, { layerPartition }));
    expect(split([30, 31])).toEqual([]);
    expect(split([30, 30])[0]).toMatchObject({ rule: "RC115", path: "engine.layerPartition", got: "30, 30" });
    expect(split([61])[0]).toMatchObject({ rule: "RC115", got: "61" });
  });

  test("reports nothing else where a size is no count", () => {
    const parallelism = { tensor: 0, pipeline: 1.5, data: 1, expertParallel: false };
    expect(
      checkModel(modelPlan(Model.KIMI_K2, 1, { parallelism, contextTokens: NaN })).map(({ path }) => path),
    ).toEqual(["engine.tensorParallelSize", "engine.pipelineParallelSize", "engine.contextTokens"]);
  });

  test("refuses a share of memory of 0 or more than 1", () => {
    const rules = (memoryUtilization: number) =>
      checkModel(modelPlan(Model.LLAMA_3_1_70B, 1, { memoryUtilization })).map(({ rule }) => rule);
    expect([rules(1), rules(90), rules(0)]).toEqual([[], ["RC112"], ["RC108", "RC112"]]);
    expect(
      checkModel(modelPlan(Model.LLAMA_3_1_70B, 1, { cacheShare: 1.5 })).map(({ rule }) => rule),
    ).toEqual(["RC112"]);
  });

  test("compares the traffic of tensor groups across nodes with that of pipeline stages, without RDMA only", () => {
    const over = (fabric: string) =>
      checkModel(modelPlan(Model.LLAMA_3_1_405B, 2, { fabric }, { acrossNodes: "tensor" }));
    // 252 x 32 KiB x 2 x 15/16 = 14.8 MiB; hidden state and residual of 32 KiB each to the other stage.
    expect(over("tcp")).toEqual([
      {
        rule: "RC110",
        level: "warning",
        path: "engine.tensorParallelSize",
        got: "tp 16 across 2 nodes on 'tcp'",
        consequence: "sends 252 all-reduces and 14.8 MiB over the network for each token",
        fix: "use tp 8 x pp 2 x dp 1, which sends 64.0 KiB, or a fabric with RDMA",
      },
    ]);
    expect([over("efa"), over("roce"), over("infiniband")]).toEqual([[], [], []]);
    expect(checkModel(modelPlan(Model.LLAMA_3_1_405B, 2, { fabric: "tcp" }))).toEqual([]);
  });

  test("warns of an uneven split unless it was given", () => {
    expect(checkModel(modelPlan(Model.LLAMA_3_1_405B, 4))).toMatchObject([
      {
        rule: "RC111",
        got: "126 layers split as 31, 32, 32, 31",
        consequence: expect.stringContaining("1.6 %"),
      },
    ]);
    expect(checkModel(modelPlan(Model.LLAMA_3_1_405B, 4, {}, { layerPartition: [31, 32, 32, 31] }))).toEqual(
      [],
    );
  });
});
