import { judge } from "../../../../../lib/problems/rule";
import { Model } from "../../../../../lib/topology/model/model";
import { expertRules } from "../../../../../lib/topology/rules/model/expert-rules";
import type { ModelPlan } from "../../../../../lib/topology/rules/model/model-structure";
import { modelOf } from "../../../../support/deployments";

const V4 = modelOf("deepseek-v4-flash");
const NUMBERS = Model.fromNumbers({
  name: "numbers",
  weightBytes: 1e9,
  layers: 12,
  attentionHeads: 16,
  hiddenSize: 1024,
});

function broken(model: Model, tensor: number, data: number, expertParallel = true, engine = "vllm") {
  const plan: ModelPlan = {
    model,
    nodes: 1,
    acceleratorsPerNode: tensor * data,
    parallelism: { tensor, pipeline: 1, data, expertParallel },
    acceleratorMemoryGiB: 80,
    fabric: "infiniband",
    contextTokens: 4096,
    concurrentSequences: 1,
    engine: { name: engine },
  };
  return judge({ title: "Experts", rules: expertRules }, plan, undefined).map(({ rule }) => rule);
}

test.each<[string, Parameters<typeof broken>, readonly string[]]>([
  ["a model without experts", [Model.LLAMA_3_1_70B, 8, 1], ["RC183"]],
  ["a model without experts, left as it is", [Model.LLAMA_3_1_70B, 8, 1, false], []],
  ["a model of which only numbers are known", [NUMBERS, 8, 1], []],
  ["a model with experts", [Model.QWEN3_235B_A22B, 4, 1], []],
  // vllm-project/vllm#52435: 256 experts.
  ["DeepSeek-V4 over 3 replicas", [V4, 1, 3], ["RC184"]],
  ["DeepSeek-V4 over 4 replicas", [V4, 1, 4], []],
  ["DeepSeek-V4 over 3 replicas, with cut experts", [V4, 1, 3, false], []],
  ["DeepSeek-V3, whose experts are dealt out anyhow", [Model.DEEPSEEK_V3, 1, 3], []],
  ["another engine", [V4, 1, 3, true, "lmdeploy"], []],
])("%s", (_, given, expected) => {
  expect(broken(...given)).toEqual(expected);
});
