import { longestContext, usualContext } from "../../../../lib/topology/model/longest-context";
import { Model } from "../../../../lib/topology/model/model";

const qwen = Model.fromConfig(require.resolve("../../../fixtures/models/qwen2.5-72b.json"), { name: "qwen" });
const rope = (rope_type: string, original = 32768) =>
  qwen._overridden({
    rope_parameters: { rope_type, factor: 4, original_max_position_embeddings: original },
  });
const vllm = (version?: string) => ({ name: "vllm", version });

describe("longestContext", () => {
  test.each([
    ["positions as they stand", qwen, vllm("0.33.0"), 32768],
    ["YaRN, multiplied by vLLM before 0.30", rope("yarn"), vllm("0.29.0"), 131072],
    ["YaRN, as it stands since 0.30", rope("yarn"), vllm("0.30.0"), 32768],
    ["YaRN of a longer original", rope("yarn", 131072), vllm("0.23.0"), 524288],
    ["YaRN with an unknown version: what either takes", rope("yarn"), vllm(), 131072],
    ["linear scaling, multiplied by all", rope("linear"), vllm("0.33.0"), 131072],
    ["LongRoPE, which is stretched already", rope("longrope"), vllm("0.23.0"), 32768],
    [
      "stretched positions of Gemma 3, which stand in its configuration",
      rope("linear")._overridden({ model_type: "gemma3_text" }),
      vllm("0.33.0"),
      32768,
    ],
    [
      "Command R, which says its longest apart",
      qwen._overridden({ model_max_length: 131072 }),
      vllm(),
      131072,
    ],
    ["raised positions", qwen._overridden({ max_position_embeddings: 131072 }), vllm("0.33.0"), 131072],
  ])("of %s", (_, model, engine, tokens) => {
    expect(longestContext(model, engine)).toBe(tokens);
  });
});

const longrope = rope("longrope")._overridden({
  max_position_embeddings: 131072,
  original_max_position_embeddings: 4096,
});

describe("usualContext", () => {
  test.each([
    ["LongRoPE: its original positions", longrope, vllm("0.11.1"), 4096],
    ["LongRoPE with vLLM before 0.11.1: all", longrope, vllm("0.11.0"), 131072],
    ["LongRoPE with another engine: all", longrope, { name: "lmdeploy" }, 131072],
    ["no stretched positions: all", qwen, vllm("0.33.0"), 32768],
  ])("of %s", (_, model, engine, tokens) => {
    expect(usualContext(model, engine)).toBe(tokens);
    expect(longestContext(longrope, engine)).toBe(131072);
  });
});
