import { Model } from "../../../../../lib/topology/model/model";
import { memoryFit } from "../../../../../lib/topology/model/memory-fit";
import { deriveParallelism, type ParallelismRequest } from "../../../../../lib/topology/model/parallelism";
import { problemLine } from "../../../../../lib/problems/plan-error";
import { checkModel, modelRules } from "../../../../../lib/topology/rules/model/model-rules";
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

const lines = (checked: ModelPlan) => checkModel(checked).map(problemLine);

describe("known good and known bad", () => {
  test("are at least 30", () => {
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
)("holds with what an NPU really has: %s", (_, row) => {
  const errors = checkModel({ ...row.plan, acceleratorMemoryGiB: 60.96 }).filter(
    ({ level }) => level === "error",
  );
  expect(errors.map(({ rule }) => rule)).toEqual(row.because);
});

test("rules have ids of their own, in order", () => {
  const ids = modelRules.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(ids.every((id) => /^RC1\d\d$/.test(id))).toBe(true);
});

describe("messages", () => {
  test("heads: sizes that work", () => {
    expect(lines(plan(Model.LLAMA_3_1_405B, 4, {}, { tensor: 24, pipeline: 1 }))).toEqual([
      "  - engine.tensorParallelSize [RC101]: must make 32 ranks for 4 x 8 accelerators, got tp 24 x pp 1 x dp 1 = 24 ranks; cut as tp 8 x pp 4 x dp 1",
      "  - engine.tensorParallelSize [RC102]: must divide 128 attention heads, got 24; use 8 or 16 or 32",
    ]);
  });

  test("ranks: the nodes for them, where the cut is sound", () => {
    const [problem] = checkModel(
      plan(Model.LLAMA_3_1_405B, 17, { acceleratorsPerNode: 4 }, { tensor: 64, pipeline: 1 }),
    );
    expect(problem).toMatchObject({
      rule: "RC101",
      allowed: "must make 68 ranks for 17 x 4 accelerators",
      fix: "take 16 nodes for tp 64 x pp 1 x dp 1, or cut as tp 4 x pp 17 x dp 1",
    });
  });

  test("KV heads: neither a divisor nor a multiple", () => {
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
    expect(check(6)[0]).toMatchObject({
      allowed: "must divide 4 KV heads or be a multiple of them",
      fix: "use 2",
    });
    expect([check(1), check(2), check(4), check(12)]).toEqual([[], [], [], []]);
  });

  test("vocabulary", () => {
    const [problem] = checkModel(plan(Model.GLM_4_5_AIR, 3, {}, { acrossNodes: "tensor" }));
    expect(problem).toMatchObject({
      rule: "RC104",
      allowed: "must divide a vocabulary of 151552 entries",
      got: "24",
    });
  });

  test("quantization blocks, and expert parallelism where only experts are in the way", () => {
    expect(lines(plan(Model.QWEN3_235B_A22B_FP8, 1))).toEqual([
      "  - engine.tensorParallelSize [RC105]: must cut the expert into multiples of 128, got parts of 192 (1536 over 8 ranks); use 4, or expert parallelism",
    ]);
    const [problem] = checkModel(
      plan(Model.DEEPSEEK_R1, 4, {}, { acrossNodes: "tensor", expertParallel: true }),
    );
    expect(problem).toMatchObject({ got: "parts of 576 (18432 over 32 ranks)", fix: "use 8 or 16" });
  });

  test("stages: too many, or a partition that does not add up", () => {
    expect(checkModel(plan(Model.DEEPSEEK_V3, 8, {}, { tensor: 1 }))[0]).toMatchObject({
      rule: "RC106",
      path: "engine.pipelineParallelSize",
      got: "64",
      allowed: "must be at most 61, the number of layers",
    });
    const split = (layerPartition: number[]) =>
      checkModel(plan(Model.DEEPSEEK_V3, 2, {}, { layerPartition }));
    expect(split([30, 31])).toEqual([]);
    expect(split([30, 30])[0]).toMatchObject({ rule: "RC106", path: "engine.layerPartition", got: "30, 30" });
    expect(split([61])[0].allowed).toBe("must be 2 numbers of at least 1 that sum up to 61 layers");
  });

  test("sizes that are no counts are reported alone", () => {
    const parallelism = { tensor: 0, pipeline: 1.5, data: 1, expertParallel: false };
    expect(
      checkModel(plan(Model.KIMI_K2, 1, { parallelism, contextTokens: NaN })).map(({ path }) => path),
    ).toEqual(["engine.tensorParallelSize", "engine.pipelineParallelSize", "engine.contextTokens"]);
  });

  test("a share of memory beyond the whole", () => {
    const rules = (memoryUtilization: number) =>
      checkModel(plan(Model.LLAMA_3_1_70B, 1, { memoryUtilization })).map(({ rule }) => rule);
    expect([rules(1), rules(90), rules(0)]).toEqual([[], ["RC112"], ["RC108", "RC112"]]);
  });

  test("tp over nodes: bytes over the wire against those of pipeline stages, only without RDMA", () => {
    const over = (fabric: string) =>
      checkModel(plan(Model.LLAMA_3_1_405B, 2, { fabric }, { acrossNodes: "tensor" }));
    // 252 x 32 KiB x 2 x 15/16 = 14.8 MiB; hidden state and residual of 32 KiB each to the other stage.
    expect(over("tcp").map(problemLine)).toEqual([
      "  - engine.tensorParallelSize [RC110]: should lie within a node where the fabric has no RDMA, got tp 16 over 2 nodes on 'tcp'; expect 252 all-reduces and 14.8 MiB over the wire for each token; tp 8 x pp 2 x dp 1 sends 64.0 KiB",
    ]);
    expect(over("tcp")[0].level).toBe("warning");
    expect([over("efa"), over("roce"), over("infiniband")]).toEqual([[], [], []]);
    expect(checkModel(plan(Model.LLAMA_3_1_405B, 2, { fabric: "tcp" }))).toEqual([]);
  });

  test("an uneven split: warned of with its stages, unless it was given", () => {
    expect(lines(plan(Model.LLAMA_3_1_405B, 4))).toEqual([
      "  - engine.pipelineParallelSize [RC111]: should divide the layers, got 126 layers as 31, 32, 32, 31; expect stages of 32 layers, 1.6 % above the mean; layerPartition sets another split",
    ]);
    expect(checkModel(plan(Model.LLAMA_3_1_405B, 4, {}, { layerPartition: [31, 32, 32, 31] }))).toEqual([]);
  });
});

describe("what would fit", () => {
  const fixOf = (checked: ModelPlan) => checkModel(checked).find(({ rule }) => rule === "RC108")?.fix;

  test("weights that do not fit: smaller ones, and more nodes", () => {
    expect(lines(plan(Model.LLAMA_3_1_405B, 1))).toEqual([
      "  - model [RC108]: must fit 72.0 GiB of each accelerator (90 % of 80 GiB), got 99.2 GiB (weights 94.5 GiB, cache of 1 x 4096 tokens 0.2 GiB, engine 4.5 GiB); what fits: 'llama-3.1-405b-fp8' (10.6 GiB left); or 'llama-3.1-405b-fp8-dynamic' (19.5 GiB left); or 2 nodes, tp 8 x pp 2 x dp 1 (20.2 GiB left)",
    ]);
  });

  test("a load that does not fit: less context, fewer sequences, a smaller cache", () => {
    const full = plan(Model.LLAMA_3_1_405B, 2, { contextTokens: 131072, concurrentSequences: 8 });
    expect(fixOf(full)).toBe(
      "what fits: 83968 context tokens with 8 sequences; or 5 sequences of 131072 tokens; or an FP8 cache (4.5 GiB left); " +
        "or 'llama-3.1-405b-fp8' (7.7 GiB left); or 'llama-3.1-405b-fp8-dynamic' (12.2 GiB left); " +
        "or 3 nodes, tp 8 x pp 3 x dp 1 (14.9 GiB left)",
    );
  });

  test("each proposal is true", () => {
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

  test("variants that could not be cut are not proposed", () => {
    const small = { ...plan(Model.QWEN3_235B_A22B, 1), acceleratorMemoryGiB: 48 };
    expect(fixOf(small)).toBe("what fits: 2 nodes, tp 8 x pp 2 x dp 1 (10.8 GiB left)");
    const experts = { ...small, parallelism: { ...small.parallelism, expertParallel: true } };
    expect(fixOf(experts)).toMatch(/^what fits: 'qwen3-235b-a22b-fp8' \(/);
  });

  test("on Ascend: integers, not FP8", () => {
    const ascend = plan(Model.DEEPSEEK_R1_BF16, 2, { acceleratorMemoryGiB: 64, collective: "hccl" });
    expect(fixOf(ascend)).toMatch(
      /^what fits: 'deepseek-r1-w8a8' \(\d+\.\d GiB left\); or 4 nodes, tp 8 x pp 4 x dp 1 \(/,
    );
    expect(fixOf({ ...ascend, collective: "nccl" })).toContain("'deepseek-r1' (");
    const full = { ...plan(Model.DEEPSEEK_R1_W8A8, 2), acceleratorMemoryGiB: 64, concurrentSequences: 99 };
    expect(fixOf({ ...full, collective: "nccl" })).toContain("an FP8 cache");
    expect(fixOf({ ...full, collective: "hccl" })).not.toContain("FP8");
  });

  test("for a model of a configuration: an estimate for 8 bits", () => {
    const model = Model.fromConfig(require.resolve("../../../../fixtures/models/llama-3.1-70b.json"), {
      name: "mine",
    });
    expect(fixOf(plan(model, 1, { acceleratorsPerNode: 2, acceleratorMemoryGiB: 64 }))).toMatch(
      /8-bit weights \(/,
    );
    const sized = Model.fromNumbers({
      name: "sized",
      weightBytes: 1.41e11,
      layers: 80,
      attentionHeads: 64,
      hiddenSize: 8192,
    });
    expect(fixOf(plan(sized, 1, { acceleratorsPerNode: 2, acceleratorMemoryGiB: 64 }))).toMatch(
      /^what fits: 2 nodes/,
    );
  });

  test("nothing: says so", () => {
    expect(fixOf(plan(Model.KIMI_K2, 1, { acceleratorMemoryGiB: 5 }))).toBe(
      "no cut over up to 64 such nodes fits: take accelerators with more memory",
    );
  });
});
