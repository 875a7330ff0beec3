import { capabilityNeedOf } from "../../../catalog/compute-capabilities";
import { engineMilestone } from "../../../catalog/engines";
import { compareVersions, parseVersion } from "../../../catalog/ray-versions";
import { type ErrorFinding, errorRule, type Found, type Rule } from "../../../problems/rule";
import type { ModelPlan } from "./model-structure";

/** Compute capability from which on NVIDIA's accelerators compute with bfloat16 (vLLM `vllm/platforms/cuda.py`). */
const BFLOAT16 = 8;

/** What accelerators of NVIDIA can compute with, and what an engine has kernels for. */
export const capabilityRules: readonly Rule<ModelPlan>[] = [
  errorRule("RC127", {
    title: "The accelerators compute with the model's element type",
    why: "The engine refuses bfloat16 below compute capability 8.0; an older vLLM also where nothing but the model's configuration says it.",
    check: checkBfloat16,
  }),
  errorRule("RC128", {
    title: "The model computes in the declared element type",
    why: "Numbers of some models leave the range of float16, so the engine refuses it.",
    check: ({ model, dtype = "auto", engine }) =>
      isFloat16(dtype) &&
      overflowsFloat16(model.shape.modelType, engine) && {
        path: "engine.dtype",
        got: `'${dtype}' for a model of type '${model.shape.modelType}'`,
        must: "be 'bfloat16' or 'float32'",
        fix: "use 'bfloat16', or 'float32' where the accelerators have no bfloat16",
      },
  }),
  errorRule("RC129", {
    title: "The engine's version has kernels for the weights on these accelerators",
    why: "It refuses to load a format that the accelerators are too old for, or dies while it starts.",
    check: checkFormat,
  }),
];

function checkBfloat16({ model, computeCapability, dtype = "auto", engine }: ModelPlan): Found<ErrorFinding> {
  if (engine?.name !== "vllm" || computeCapability === undefined || computeCapability >= BFLOAT16) {
    return [];
  }
  const { version: first } = engineMilestone("vllm-falls-back-to-float16");
  const isImplied = dtype === "auto" && model.dtype === "bfloat16" && isBefore(engine.version, first);
  return (
    (dtype === "bfloat16" || isImplied) && {
      path: "engine.dtype",
      got: `'${dtype}'${isImplied ? `, which is bfloat16 for ${model.name}` : ""}`,
      must: `be 'float16' or 'float32' on accelerators of compute capability ${show(computeCapability)}${
        isImplied ? ` with vLLM older than ${first} (this is ${engine.version})` : ""
      }`,
      fix: `use '${overflowsFloat16(model.shape.modelType, engine) ? "float32" : "float16"}', or accelerators of compute capability 8.0 or more`,
    }
  );
}

function checkFormat({ model, computeCapability, engine }: ModelPlan): Found<ErrorFinding> {
  if (computeCapability === undefined || engine === undefined) {
    return [];
  }
  const { quantization, shape } = model;
  const { blockRows } = quantization ?? {};
  const format = {
    method: quantization?.method,
    hasBlocksOrExperts: (blockRows ?? 1) > 1 || shape.moe !== null,
  };
  const need = capabilityNeedOf({ ...engine, engine: engine.name, ...format });
  if (need === undefined || computeCapability >= need.capability) {
    return [];
  }
  const newest = capabilityNeedOf({ engine: engine.name, ...format })?.capability ?? 0;
  const isReadLater = need.before !== null && computeCapability >= newest;
  return {
    path: "model",
    got: `weights in '${format.method}' on accelerators of compute capability ${show(computeCapability)}`,
    must: `be on compute capability ${show(need.capability)} or more with vLLM${engine.version === undefined ? "" : ` ${engine.version}`}`,
    fix: `use newer accelerators${isReadLater ? "," : " or"} weights in another format${isReadLater ? `, or vLLM ${need.before} or later` : ""}`,
  };
}

function overflowsFloat16(modelType: string, engine: ModelPlan["engine"]): boolean {
  const { version, modelTypes = [] } = engineMilestone("vllm-refuses-float16");
  return engine?.name === "vllm" && !isBefore(engine.version, version) && modelTypes.includes(modelType);
}

function isFloat16(dtype: string): boolean {
  return dtype === "float16" || dtype === "half";
}

/** Whether a version is older; one that is not known counts as the newest. */
function isBefore(version: string | undefined, milestone: string): boolean {
  return (
    version !== undefined && parseVersion(version) !== undefined && compareVersions(version, milestone) < 0
  );
}

function show(capability: number): string {
  return capability.toFixed(1);
}
