import { judge } from "../../../../../lib/problems/rule";
import { Model } from "../../../../../lib/topology/model/model";
import type { ModelPlan } from "../../../../../lib/topology/rules/model/model-structure";
import { checkModel } from "../../../../../lib/topology/rules/model/model-rules";
import { sessionRules } from "../../../../../lib/topology/rules/model/session-rules";

/** Llama 3.1 70B, trained for 131072 tokens, on eight H100. */
const plan = (change: Partial<ModelPlan>): ModelPlan => ({
  model: Model.LLAMA_3_1_70B,
  nodes: 1,
  acceleratorsPerNode: 8,
  parallelism: { tensor: 8, pipeline: 1, data: 1, expertParallel: false },
  acceleratorMemoryGiB: 79.18,
  fabric: "infiniband",
  contextTokens: 131_072,
  concurrentSequences: 1,
  engine: { name: "lmdeploy", version: "0.18.0" },
  ...change,
});
const VLLM = { engine: { name: "vllm", version: "0.33.0" } };

test.each<[string, Partial<ModelPlan>, readonly string[]]>([
  ["as long as the model's", {}, []],
  ["one token longer", { contextTokens: 131_073 }, ["RC181"]],
  ["one token longer, with vLLM, which refuses it", { ...VLLM, contextTokens: 131_073 }, []],
  ["as long as fits", { contextTokens: 9_000, contextFits: true }, ["RC182"]],
  ["as long as fits, with vLLM, which says so", { ...VLLM, contextTokens: 9_000, contextFits: true }, []],
])("a session %s", (_, change, expected) => {
  const problems = judge({ title: "Sessions", rules: sessionRules }, plan(change), undefined);
  expect(problems.map(({ rule }) => rule)).toEqual(expected);
});

test("LMDeploy takes what vLLM refuses", () => {
  const errors = (change: Partial<ModelPlan>) =>
    checkModel(plan({ contextTokens: 131_073, ...change }))
      .filter(({ level }) => level === "error")
      .map(({ rule }) => rule);
  expect([errors({}), errors(VLLM)]).toEqual([[], ["RC107"]]);
});
