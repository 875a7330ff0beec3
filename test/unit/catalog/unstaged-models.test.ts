import { unstagedModelOf } from "../../../lib/catalog/unstaged-models";

test.each<[string, string | undefined, boolean]>([
  ["llama4_text", "0.8.3", true],
  ["llama4_text", "0.8.4", false],
  ["llama4_text", undefined, false],
  ["deepseek_v4", "0.20.0", true],
  ["deepseek_v4", "nightly", false],
  ["gemma3n_text", undefined, true],
  ["mllama_text_model", "0.6.2", true],
  ["qwen3", "0.6.6", false],
])("%s of vLLM %s: %s", (modelType, version, isUnstaged) => {
  expect(unstagedModelOf("vllm", modelType, version) !== undefined).toBe(isUnstaged);
});

test("another engine is not judged", () => {
  expect(unstagedModelOf("lmdeploy", "gemma3n_text", undefined)).toBeUndefined();
});
