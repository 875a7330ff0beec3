import { Model } from "../../../../../lib/topology/model/model";
import { memoryFit } from "../../../../../lib/topology/model/memory-fit";
import { deriveParallelism, type ParallelismRequest } from "../../../../../lib/topology/model/parallelism";
import { checkModel } from "../../../../../lib/topology/rules/model/model-rules";
import type { ModelPlan } from "../../../../../lib/topology/rules/model/model-structure";
import { KNOWN } from "./model-table";

function plan(
  model: Model,
  nodes: number,
  change: Partial<ModelPlan> = {},
  request: Partial<ParallelismRequest> = {},
): ModelPlan {
  const acceleratorsPerNode = change.acceleratorsPerNode ?? 8;
  return {
    model,
    nodes,
    acceleratorsPerNode,
    parallelism: deriveParallelism({ nodes, acceleratorsPerNode, ...request }),
    acceleratorMemoryGiB: 80,
    fabric: "efa",
    contextTokens: 4096,
    concurrentSequences: 1,
    ...change,
  };
}

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
    expect(found(plan(Model.LLAMA_3_1_405B, 4, {}, { tensor: 24, pipeline: 1 }))).toEqual([
      ["RC101", "tp 24 x pp 1 x dp 1 = 24 ranks", "set tp 8 x pp 4 x dp 1"],
      ["RC102", "24", "use 8 or 16 or 32"],
    ]);
  });

  test("proposes the nodes for the ranks where the split is possible", () => {
    const [problem] = checkModel(
      plan(Model.LLAMA_3_1_405B, 17, { acceleratorsPerNode: 4 }, { tensor: 64, pipeline: 1 }),
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
      checkModel(plan(Model.fromNumbers(numbers), 1, { acceleratorsPerNode: tensor }));
    expect(check(6).map(({ rule }) => rule)).toEqual(["RC103"]);
    expect(check(6)[0].fix).toBe("use 2");
    expect([check(1), check(2), check(4), check(12)]).toEqual([[], [], [], []]);
  });

  test("refuses a size that does not divide the vocabulary", () => {
    const [problem] = checkModel(plan(Model.GLM_4_5_AIR, 3, {}, { acrossNodes: "tensor" }));
    expect(problem).toMatchObject({ rule: "RC104", got: "24" });
  });

  test("proposes expert parallelism where only experts cannot be split at their blocks", () => {
    const engine = { name: "vllm", version: "0.28.0" };
    expect(found(plan(Model.QWEN3_235B_A22B_FP8, 1, { engine }))).toEqual([
      ["RC114", "parts of 192 (1536 over 8 ranks)", "use 4, or expert parallelism"],
    ]);
    expect(found(plan(Model.QWEN3_235B_A22B_FP8, 1))).toEqual([
      ["RC124", "parts of 192 (expert width of 1536 over 8 ranks)", "use 4, or expert parallelism"],
    ]);
    expect(found(plan(Model.QWEN3_235B_A22B_FP8, 1, {}, { tensor: 4 }))).toEqual([]);
    const [problem] = checkModel(
      plan(Model.DEEPSEEK_R1, 4, {}, { acrossNodes: "tensor", expertParallel: true }),
    );
    expect(problem).toMatchObject({ got: "parts of 576 (18432 over 32 ranks)", fix: "use 8 or 16" });
  });

  test("refuses more stages than layers, and a partition that does not add up", () => {
    expect(checkModel(plan(Model.DEEPSEEK_V3, 8, {}, { tensor: 1 }))[0]).toMatchObject({
      rule: "RC106",
      path: "engine.pipelineParallelSize",
      got: "64",
    });
    const split = (layerPartition: number[]) =>
      checkModel(plan(Model.DEEPSEEK_V3, 2, {}, { layerPartition }));
    expect(split([30, 31])).toEqual([]);
    expect(split([30, 30])[0]).toMatchObject({ rule: "RC115", path: "engine.layerPartition", got: "30, 30" });
    expect(split([61])[0]).toMatchObject({ rule: "RC115", got: "61" });
  });

  test("reports nothing else where a size is no count", () => {
    const parallelism = { tensor: 0, pipeline: 1.5, data: 1, expertParallel: false };
    expect(
      checkModel(plan(Model.KIMI_K2, 1, { parallelism, contextTokens: NaN })).map(({ path }) => path),
    ).toEqual(["engine.tensorParallelSize", "engine.pipelineParallelSize", "engine.contextTokens"]);
  });

  test("refuses a share of memory of 0 or more than 1", () => {
    const rules = (memoryUtilization: number) =>
      checkModel(plan(Model.LLAMA_3_1_70B, 1, { memoryUtilization })).map(({ rule }) => rule);
    expect([rules(1), rules(90), rules(0)]).toEqual([[], ["RC112"], ["RC108", "RC112"]]);
    expect(checkModel(plan(Model.LLAMA_3_1_70B, 1, { cacheShare: 1.5 })).map(({ rule }) => rule)).toEqual([
      "RC112",
    ]);
  });

  test("compares the traffic of tensor groups across nodes with that of pipeline stages, without RDMA only", () => {
    const over = (fabric: string) =>
      checkModel(plan(Model.LLAMA_3_1_405B, 2, { fabric }, { acrossNodes: "tensor" }));
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
    expect(checkModel(plan(Model.LLAMA_3_1_405B, 2, { fabric: "tcp" }))).toEqual([]);
  });

  test("warns of an uneven split unless it was given", () => {
    expect(checkModel(plan(Model.LLAMA_3_1_405B, 4))).toMatchObject([
      {
        rule: "RC111",
        got: "126 layers split as 31, 32, 32, 31",
        consequence: expect.stringContaining("1.6 %"),
      },
    ]);
    expect(checkModel(plan(Model.LLAMA_3_1_405B, 4, {}, { layerPartition: [31, 32, 32, 31] }))).toEqual([]);
  });
});

describe("the remedy for a model that does not fit", () => {
  const fixOf = (checked: ModelPlan) => checkModel(checked).find(({ rule }) => rule === "RC108")?.fix;

  test("is smaller weights or more nodes for weights that do not fit", () => {
    expect(found(plan(Model.LLAMA_3_1_405B, 1))).toEqual([
      [
        "RC108",
        "99.2 GiB (weights 94.5 GiB, cache of 1 x 4096 tokens 0.2 GiB, engine 4.5 GiB)",
        "use 'llama-3.1-405b-fp8' (10.6 GiB left); or 'llama-3.1-405b-fp8-dynamic' (19.5 GiB left); or 2 nodes, tp 8 x pp 2 x dp 1 (20.2 GiB left)",
      ],
    ]);
  });

  test("is less context, fewer sequences or a smaller cache for a load that does not fit", () => {
    const full = plan(Model.LLAMA_3_1_405B, 2, { contextTokens: 131072, concurrentSequences: 8 });
    const [load, cache, rest] = [
      "use 83968 context tokens with 8 sequences; or 5 sequences of 131072 tokens; ",
      "or kvCacheDtype 'fp8' (4.5 GiB left); ",
      "or 'llama-3.1-405b-fp8' (7.7 GiB left); or 'llama-3.1-405b-fp8-dynamic' (12.2 GiB left); " +
        "or 3 nodes, tp 8 x pp 3 x dp 1 (14.9 GiB left)",
    ];
    expect(fixOf(full)).toBe(load + rest);
    // Only what the engine has a property for.
    expect(fixOf({ ...full, engine: { name: "vllm" } })).toBe(load + cache + rest);
    expect(fixOf({ ...full, engine: { name: "lmdeploy" } })).toContain("or quantPolicy 8 (4.5 GiB left)");
  });

  test("is another cut of the same accelerators where experts need not be on each of them", () => {
    const wide = plan(
      Model.DEEPSEEK_V3,
      2,
      { engine: { name: "vllm" }, contextTokens: 32768, concurrentSequences: 64 },
      { tensor: 16 },
    );
    expect(fixOf(wide)).toContain("tp 1 x pp 1 x dp 16 with expert parallelism (");
  });

  test("adds replicas to replicas, and stages to stages", () => {
    const wide = { tensor: 8, pipeline: 1, data: 2, expertParallel: true };
    const ascend = { acceleratorMemoryGiB: 32, acceleratorsPerNode: 8 };
    expect(fixOf(plan(Model.DEEPSEEK_R1_W8A8, 2, { ...ascend, parallelism: wide }))).toMatch(
      /\d+ nodes, tp 8 x pp 1 x dp \d/,
    );
  });

  test("holds for each proposal", () => {
    const full = plan(Model.LLAMA_3_1_405B, 2, { contextTokens: 131072, concurrentSequences: 8 });
    const errors = (change: Partial<ModelPlan>) =>
      checkModel({ ...full, ...change }).filter(({ level }) => level === "error");
    expect(errors({})).toHaveLength(1);
    expect(errors({ contextTokens: 83968 })).toEqual([]);
    expect(errors({ contextTokens: 83968 + 1024 })).toHaveLength(1);
    expect(errors({ concurrentSequences: 5 })).toEqual([]);
    expect(errors({ concurrentSequences: 6 })).toHaveLength(1);
    expect(errors({ kvElementBytes: 1 })).toEqual([]);
    expect(errors({ model: Model.LLAMA_3_1_405B_FP8 })).toEqual([]);
    const { parallelism } = plan(Model.LLAMA_3_1_405B, 3);
    expect(errors({ nodes: 3, parallelism })).toEqual([]);
  });

  test("contains no variant that could not be split", () => {
    const engine = { name: "vllm", version: "0.28.0" };
    const small = { ...plan(Model.QWEN3_235B_A22B, 1), acceleratorMemoryGiB: 48, engine };
    expect(fixOf(small)).toBe("use 2 nodes, tp 8 x pp 2 x dp 1 (10.8 GiB left)");
    const experts = { ...small, parallelism: { ...small.parallelism, expertParallel: true } };
    expect(fixOf(experts)).toMatch(/^use 'qwen3-235b-a22b-fp8' \(/);
  });

  test("is integers and not FP8 on Ascend", () => {
    const ascend = plan(Model.DEEPSEEK_R1_BF16, 2, { acceleratorMemoryGiB: 64, collective: "hccl" });
    expect(fixOf(ascend)).toMatch(
      /^use 'deepseek-r1-w8a8' \(\d+\.\d GiB left\); or 4 nodes, tp 8 x pp 4 x dp 1 \(/,
    );
    expect(fixOf({ ...ascend, collective: "nccl" })).toContain("'deepseek-r1' (");
    const full = {
      ...plan(Model.DEEPSEEK_R1_W8A8, 2, { engine: { name: "vllm" } }),
      acceleratorMemoryGiB: 64,
      concurrentSequences: 140,
    };
    expect(fixOf({ ...full, collective: "nccl" })).toContain("kvCacheDtype 'fp8'");
    expect(fixOf({ ...full, collective: "hccl" })).not.toContain("fp8");
  });

  test("is an estimate for 8 bits for a model of a configuration", () => {
    const model = Model.fromConfig(require.resolve("../../../../fixtures/models/llama-3.1-70b.json"), {
      name: "mine",
    });
    const small = { acceleratorsPerNode: 2, acceleratorMemoryGiB: 64 };
    expect(fixOf(plan(model, 1, { ...small, engine: { name: "vllm" } }))).toMatch(/quantization 'fp8' \(/);
    expect(fixOf(plan(model, 1, small))).not.toMatch(/quantization/);
    const sized = Model.fromNumbers({
      name: "sized",
      weightBytes: 1.41e11,
      layers: 80,
      attentionHeads: 64,
      hiddenSize: 8192,
    });
    expect(fixOf(plan(sized, 1, { acceleratorsPerNode: 2, acceleratorMemoryGiB: 64 }))).toMatch(
      /^use 2 nodes/,
    );
  });

  test("is more memory where nothing fits", () => {
    expect(fixOf(plan(Model.KIMI_K2, 1, { acceleratorMemoryGiB: 5 }))).toBe(
      "use accelerators with more memory: no split over up to 64 such nodes fits",
    );
  });
});
