import { Speculation } from "../../../../lib/engines/vllm/speculation";
import { ModelSource } from "../../../../lib/topology/values/model-source";

const model = ModelSource.path("/models/d");
const sized = { model: "/models/d", num_speculative_tokens: 3 };

// Keys as in `SpeculativeConfig` of vLLM's `vllm/config/speculative.py`.
test.each<[Speculation, object]>([
  [Speculation.eagle({ model, tokens: 3 }), { method: "eagle", ...sized }],
  [Speculation.eagle3({ model, tokens: 3 }), { method: "eagle3", ...sized }],
  [
    Speculation.draftModel({ model, tokens: 3, tensorParallelSize: 1 }),
    { method: "draft_model", ...sized, draft_tensor_parallel_size: 1 },
  ],
  [Speculation.of("medusa", { model, tokens: 3 }), { method: "medusa", ...sized }],
])("%# a draft model is named by its folder", (speculation, config) => {
  expect(speculation._config("/models/d")).toEqual(config);
  expect(speculation.model).toBe(model);
});

test.each<[Speculation, object]>([
  [Speculation.mtp({ tokens: 2 }), { method: "mtp", num_speculative_tokens: 2 }],
  [Speculation.ngram({ tokens: 4 }), { method: "ngram", num_speculative_tokens: 4 }],
  [
    Speculation.ngram({ tokens: 4, longestMatch: 5, shortestMatch: 2 }),
    { method: "ngram", num_speculative_tokens: 4, prompt_lookup_max: 5, prompt_lookup_min: 2 },
  ],
  [Speculation.suffix(), { method: "suffix" }],
  [
    Speculation.of("mtp", { settings: { num_speculative_tokens: 1, quantization: "fp8" } }),
    { method: "mtp", num_speculative_tokens: 1, quantization: "fp8" },
  ],
])("%# a method without a draft model has its settings alone", (speculation, config) => {
  expect(speculation._config()).toEqual(config);
  expect(speculation.model).toBeUndefined();
});
