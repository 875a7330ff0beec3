import { type ErrorRule, errorRule } from "../../problems/rule";
import { show } from "../../problems/text";
import type { EngineContext } from "../../topology/engine-spec";
import type { VllmCut } from "./vllm-arguments";

/** Names of one format, as `--quantization` and configurations write them; others are not judged. */
const FORMATS = [
  ["awq", "auto_awq", "awq_marlin"],
  ["gptq", "auto_gptq", "gptq_marlin"],
  ["bitsandbytes"],
  ["mxfp4"],
  // Of llm-compressor and of FP8, the configuration's own name is not kept.
  ["compressed-tensors", "fp8", "modelopt", "modelopt_fp4", "w4", "w8", "fp4"],
];

/** Formats that nothing but a checkpoint has. */
const STORED = ["awq", "gptq"];

/** What is declared is what the checkpoint has (vLLM `vllm/config/model.py`, _verify_quantization). */
export const quantizationRule: ErrorRule<VllmCut, EngineContext> = errorRule("RC625", {
  title: "The declared quantization is that of the weights",
  why: "The engine reads it from the model's configuration, and refuses another one.",
  check: ({ quantization: declared }, { model }) => {
    const format = formatOf(declared);
    if (declared === undefined || format === undefined || model === undefined || model.basis === "numbers") {
      return [];
    }
    const { method } = model.quantization ?? {};
    const found = formatOf(method);
    const isMissing = method === undefined && STORED.includes(format[0]) && model.unreadable === undefined;
    return (
      (isMissing || (found !== undefined && found !== format)) && {
        path: "engine.quantization",
        got: show(declared),
        must: `be that of the weights, which are ${method === undefined ? "not quantized" : `in '${method}'`}`,
        fix: "leave it out",
      }
    );
  },
});

function formatOf(name = ""): readonly string[] | undefined {
  return FORMATS.find((names) => names.includes(name));
}
