import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { judge } from "../../../../../lib/problems/rule";
import { Model } from "../../../../../lib/topology/model/model";
import { capabilityRules } from "../../../../../lib/topology/rules/model/capability-rules";
import type { ModelPlan } from "../../../../../lib/topology/rules/model/model-structure";

function model(change: object = {}): Model {
  const path = join(mkdtempSync(join(tmpdir(), "capability-")), "config.json");
  const config = {
    model_type: "qwen2",
    hidden_size: 1024,
    intermediate_size: 4096,
    num_hidden_layers: 12,
    num_attention_heads: 16,
    num_key_value_heads: 8,
    vocab_size: 32000,
    sliding_window: 1024,
    torch_dtype: "bfloat16",
  };
  writeFileSync(path, JSON.stringify({ ...config, ...change }));
  return Model.fromConfig(path);
}

/** Ids of the rules that the model breaks on accelerators of a compute capability. */
function broken(served: Model, computeCapability: number | undefined, version?: string, dtype?: string) {
  const plan: ModelPlan = {
    model: served,
    nodes: 1,
    acceleratorsPerNode: 1,
    parallelism: { tensor: 1, pipeline: 1, data: 1, expertParallel: false },
    acceleratorMemoryGiB: 80,
    fabric: "infiniband",
    contextTokens: 4096,
    concurrentSequences: 1,
    computeCapability,
    dtype,
    engine: { name: "vllm", version },
  };
  return judge({ title: "Capability", rules: capabilityRules }, plan, undefined).map(({ rule }) => rule);
}

describe("bfloat16", () => {
  const bfloat16 = model();
  const float16 = model({ torch_dtype: "float16" });

  test.each<[string, Model, number | undefined, string | undefined, string | undefined, readonly string[]]>([
    // vllm-project/vllm#946, #1157.
    ["of the configuration, before 0.9", bfloat16, 7.5, "0.8.5", "auto", ["RC127"]],
    ["of the configuration, from 0.9", bfloat16, 7.5, "0.9.0", "auto", []],
    ["of the configuration, on Ampere", bfloat16, 8, "0.8.5", "auto", []],
    ["of no configuration", float16, 7.5, "0.8.5", "auto", []],
    ["left for float16", bfloat16, 7, "0.8.5", "float16", []],
    ["declared, whatever the version", float16, 7.5, "0.33.0", "bfloat16", ["RC127"]],
    ["declared, on Ampere", float16, 8, "0.33.0", "bfloat16", []],
    ["declared, where nothing is known", float16, undefined, "0.33.0", "bfloat16", []],
    ["with an unknown version, which counts as the newest", bfloat16, 7.5, undefined, undefined, []],
  ])("%s", (_, served, capability, version, dtype, expected) => {
    expect(broken(served, capability, version, dtype)).toEqual(expected);
  });
});

test.each<[string, string | undefined, string | undefined, readonly string[]]>([
  // intel/llm-scaler#270.
  ["gemma3_text", "0.11.2", "float16", ["RC128"]],
  ["gemma3_text", "0.11.2", "half", ["RC128"]],
  ["gemma3_text", undefined, "float16", ["RC128"]],
  ["gemma3_text", "0.9.0", "float16", []],
  ["gemma3_text", "0.11.2", "bfloat16", []],
  ["gemma3_text", "0.11.2", undefined, []],
  ["qwen2", "0.11.2", "float16", []],
])("%s with vLLM %s in %s", (modelType, version, dtype, expected) => {
  expect(broken(model({ model_type: modelType }), 9, version, dtype)).toEqual(expected);
});

describe("formats of weights", () => {
  const quantized = (quantization_config: object) => model({ torch_dtype: "float16", quantization_config });
  const awq = quantized({ quant_method: "awq", bits: 4, group_size: 128 });
  const channels = quantized({ quant_method: "fp8" });
  const blocks = quantized({ quant_method: "fp8", weight_block_size: [128, 128] });
  const mxfp4 = quantized({ quant_method: "mxfp4" });

  test.each<[string, Model, number | undefined, string | undefined, readonly string[]]>([
    // vllm-project/vllm#4202, #1488.
    ["AWQ on Volta", awq, 7, "0.4.0", ["RC129"]],
    ["AWQ on Turing", awq, 7.5, "0.4.0", []],
    ["AWQ where nothing is known", awq, undefined, "0.4.0", []],
    // vllm-project/vllm#17581.
    ["FP8 in blocks on Ampere, before 0.9", blocks, 8.6, "0.8.5", ["RC129"]],
    ["FP8 in blocks on Ampere, from 0.9", blocks, 8.6, "0.9.0", []],
    ["FP8 in blocks on Ada", blocks, 8.9, "0.8.5", []],
    ["FP8 by channels on Ampere", channels, 8, "0.8.5", []],
    ["FP8 by channels on Turing, before 0.14", channels, 7.5, "0.13.0", ["RC129"]],
    ["FP8 by channels on Turing, from 0.14", channels, 7.5, "0.14.0", []],
    // vllm-project/vllm#22288.
    ["MXFP4 on Turing", mxfp4, 7.5, undefined, ["RC129"]],
    ["MXFP4 on Ampere", mxfp4, 8, undefined, []],
  ])("%s", (_, served, capability, version, expected) => {
    expect(broken(served, capability, version)).toEqual(expected);
  });
});
