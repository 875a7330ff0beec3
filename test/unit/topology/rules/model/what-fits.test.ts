import { Model } from "../../../../../lib/topology/model/model";
import { deriveParallelism } from "../../../../../lib/topology/model/parallelism";
import { checkModel } from "../../../../../lib/topology/rules/model/model-rules";
import type { ModelPlan } from "../../../../../lib/topology/rules/model/model-structure";
import { type FittingChoice, whatFits } from "../../../../../lib/topology/rules/model/what-fits";
import { modelPlan } from "../../../../support/model-plans";

const VLLM = { name: "vllm" };

/** A load of which only a part fits. */
const full = modelPlan(Model.LLAMA_3_1_405B, 2, {
  contextTokens: 131072,
  concurrentSequences: 8,
  contextProperty: "maxModelLen",
});

const rows = (checked: ModelPlan, leastLeftGiB?: number) =>
  whatFits(checked, leastLeftGiB).map(
    ({ changes, leftGiB }) => `${changes.join(", ")}: ${leftGiB.toFixed(1)}`,
  );

/** Everything that is proposed, as one text. */
const text = (checked: ModelPlan) => rows(checked).join("; ");

describe("what fits", () => {
  test("is smaller weights or more nodes for weights that do not fit, the nearest first", () => {
    expect(rows(modelPlan(Model.LLAMA_3_1_405B, 1))).toEqual([
      "model 'llama-3.1-405b-fp8': 10.8",
      "model 'llama-3.1-405b-fp8-dynamic': 19.8",
      "nodes 2, pipelineParallelSize 2: 20.4",
    ]);
  });

  test("is more nodes, less context or fewer sequences for a load that does not fit", () => {
    expect(rows(full)).toEqual([
      "nodes 3, pipelineParallelSize 3: 15.1",
      "maxModelLen 84992: 0.1",
      "plannedSequences 5: 0.8",
      "model 'llama-3.1-405b-fp8': 7.9",
      "model 'llama-3.1-405b-fp8-dynamic': 12.4",
    ]);
  });

  test("is a smaller cache only where the engine has a property for it", () => {
    expect(text(full)).not.toContain("kvCacheDtype");
    expect(text({ ...full, engine: VLLM })).toContain("kvCacheDtype 'fp8': 4.8");
    expect(text({ ...full, engine: { name: "lmdeploy", version: "0.15.0" } })).toContain("quantPolicy 8: ");
    expect(text({ ...full, engine: VLLM, kvElementBytes: 1, concurrentSequences: 20 })).not.toContain(
      "kvCacheDtype",
    );
  });

  test("is another cut of the same accelerators where experts need not be on each of them", () => {
    const wide = modelPlan(
      Model.DEEPSEEK_V3,
      2,
      { engine: VLLM, contextTokens: 32768, concurrentSequences: 64 },
      { tensor: 16 },
    );
    expect(rows(wide).slice(0, 2)).toEqual([
      "tensorParallelSize 2, dataParallelSize 8, enableExpertParallel true: 2.1",
      "tensorParallelSize 1, dataParallelSize 16, enableExpertParallel true: 4.2",
    ]);
    // Nothing else has a property for it.
    expect(text({ ...wide, engine: { name: "lmdeploy" } })).not.toContain("dataParallelSize");
    // The ranks that share the cache stay in one tensor group.
    const shared = { ...wide, parallelism: { ...wide.parallelism, decodeContext: 4 } };
    const groups = whatFits({ ...shared, concurrentSequences: 400 }).map(({ parallelism }) => parallelism);
    expect(groups.filter(({ tensor, decodeContext }) => tensor % (decodeContext ?? 1) !== 0)).toEqual([]);
  });

  test("adds replicas to replicas, and stages to stages", () => {
    const wide = { tensor: 8, pipeline: 1, data: 2, expertParallel: true };
    const ascend = { acceleratorMemoryGiB: 32, parallelism: wide };
    expect(text(modelPlan(Model.DEEPSEEK_R1_W8A8, 2, ascend))).toBe("nodes 4, dataParallelSize 4: 1.0");
    expect(text(full)).toContain("pipelineParallelSize 3");
  });

  test("adds no stages where what guesses ahead cannot be cut into them", () => {
    const guessing = (version: string) =>
      text({
        ...modelPlan(Model.DEEPSEEK_V3, 1, { engine: { name: "vllm", version } }),
        loadsNextTokenModules: true,
        speculative: { path: "engine.speculation", method: "mtp", tokens: 1, weights: "model" },
      });
    expect(guessing("0.29.0")).not.toContain("pipelineParallelSize");
    expect(guessing("0.30.0")).toContain("nodes 2, pipelineParallelSize 2");
  });

  test("is the usual share where a smaller one was declared", () => {
    const small = modelPlan(Model.LLAMA_3_1_70B, 1, {
      engine: VLLM,
      acceleratorsPerNode: 4,
      memoryUtilization: 0.4,
    });
    expect(text(small)).toContain("gpuMemoryUtilization 0.9: 34.7");
    expect(text({ ...small, acceleratorMemoryGiB: 40, memoryUtilization: 0.9 })).not.toContain(
      "gpuMemoryUtilization",
    );
  });

  test("is two things where one is not enough, and never what contains another row", () => {
    const both = whatFits({
      ...full,
      nodes: 1,
      parallelism: deriveParallelism({ nodes: 1, acceleratorsPerNode: 8 }),
    });
    expect(both.map(({ changes }) => changes)).toContainEqual([
      "model 'llama-3.1-405b-fp8-dynamic'",
      "maxModelLen 40960",
    ]);
    const contained = both.filter((one) =>
      both.some((other) => other !== one && other.changes.every((change) => one.changes.includes(change))),
    );
    expect(contained).toEqual([]);
  });

  test("holds for each row, and for nothing larger", () => {
    const checked = { ...full, engine: VLLM };
    const errors = (change: Partial<ModelPlan>) =>
      checkModel({ ...checked, ...change }).filter(({ level }) => level === "error");
    const declared = ({ nodes, parallelism, contextTokens, sequences, cacheBits }: FittingChoice) => ({
      nodes,
      parallelism,
      contextTokens,
      concurrentSequences: sequences,
      kvElementBytes: cacheBits / 8,
    });
    expect(errors({})).toHaveLength(1);
    for (const choice of whatFits(checked).filter(({ weightBits }) => weightBits === 16)) {
      expect(errors(declared(choice))).toEqual([]);
    }
    expect(errors({ model: Model.LLAMA_3_1_405B_FP8 })).toEqual([]);
    expect(errors({ contextTokens: 84992 + 1024 })).toHaveLength(1);
    expect(errors({ concurrentSequences: 6 })).toHaveLength(1);
  });

  test("leaves what it is asked to leave", () => {
    const reserve = 3.4;
    const roomy = whatFits(full, reserve);
    expect(roomy.filter(({ leftGiB }) => leftGiB < reserve)).toEqual([]);
    expect(roomy.map(({ changes }) => changes[0])).toContain("plannedSequences 4");
  });

  test("contains no variant that could not be split", () => {
    const engine = { name: "vllm", version: "0.28.0" };
    const small = { ...modelPlan(Model.QWEN3_235B_A22B, 1), acceleratorMemoryGiB: 48, engine };
    const alone = (checked: ModelPlan) =>
      whatFits(checked).flatMap(({ changes }) => (changes.length === 1 ? changes : []));
    expect(alone(small)).toEqual(["nodes 2, pipelineParallelSize 2"]);
    const experts = { ...small, parallelism: { ...small.parallelism, expertParallel: true } };
    expect(alone(experts)).toContain("model 'qwen3-235b-a22b-fp8'");
  });

  test("is integers and not FP8 on Ascend", () => {
    const ascend = modelPlan(Model.DEEPSEEK_R1_BF16, 2, { acceleratorMemoryGiB: 64, collective: "hccl" });
    expect(rows(ascend)).toEqual(["model 'deepseek-r1-w8a8': 11.4", "nodes 4, pipelineParallelSize 4: 9.2"]);
    expect(text({ ...ascend, collective: "nccl" })).toContain("model 'deepseek-r1':");
    const full64 = {
      ...modelPlan(Model.DEEPSEEK_R1_W8A8, 2, { engine: VLLM }),
      acceleratorMemoryGiB: 64,
      concurrentSequences: 140,
    };
    expect(text({ ...full64, collective: "nccl" })).toContain("kvCacheDtype 'fp8'");
    expect(text({ ...full64, collective: "hccl" })).not.toContain("fp8");
  });

  test("is 8 bits while loading for a model of a configuration", () => {
    const model = Model.fromConfig(require.resolve("../../../../fixtures/models/llama-3.1-70b.json"), {
      name: "mine",
    });
    const small = modelPlan(model, 1, { acceleratorsPerNode: 2, acceleratorMemoryGiB: 64 });
    expect(text({ ...small, engine: VLLM })).toContain("quantization 'fp8': ");
    expect(text(small)).not.toContain("quantization");
    const sized = Model.fromNumbers({
      name: "sized",
      weightBytes: 1.41e11,
      layers: 80,
      attentionHeads: 64,
      hiddenSize: 8192,
    });
    expect(text({ ...small, model: sized, engine: VLLM })).toMatch(/^nodes 2, /);
  });

  test("is nothing where no split over many nodes fits", () => {
    const hopeless = modelPlan(Model.KIMI_K2, 1, { acceleratorMemoryGiB: 5 });
    expect(rows(hopeless)).toEqual([]);
    expect(checkModel(hopeless).find(({ rule }) => rule === "RC108")).toMatchObject({
      fix: "use accelerators with more memory: no split over up to 64 such nodes fits",
      choices: undefined,
    });
  });
});

test("a model that does not fit comes with a table of what would", () => {
  expect(checkModel({ ...full, engine: VLLM }).find(({ rule }) => rule === "RC108")).toMatchObject({
    fix: "declare one of these, the nearest first",
    choices: {
      head: ["change", "nodes", "cut", "load in tokens", "weights", "cache", "left on each"],
      rows: expect.arrayContaining([
        ["kvCacheDtype 'fp8'", "2", "tp 8 x pp 2 x dp 1", "8 x 131072", "16 bit", "8 bit", "4.8 GiB"],
      ]),
    },
  });
});

test("a model that barely fits comes with a table of what leaves more", () => {
  const tight = checkModel({ ...full, concurrentSequences: 5 }).find(({ rule }) => rule === "RC109");
  expect(tight?.choices?.rows.map(([change]) => change)).toContain("plannedSequences 4");
  const least = Math.min(...(tight?.choices?.rows ?? []).map((cells) => parseFloat(cells[6])));
  expect(least).toBeGreaterThanOrEqual(3.4);
});
