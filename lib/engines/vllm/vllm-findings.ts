import type { EngineContext, EngineFinding } from "../../topology/engine-spec";
import { repeatedFlags } from "../arguments";
import { modelPathFindings } from "../local-model";
import { releaseFindings } from "../releases/release-findings";
import { VLLM_FLAGS, type VllmCut } from "./vllm-arguments";
import type { VllmServeProps } from "./vllm-props";

/** What is wrong or risky about vLLM on a cluster. */
export function vllmFindings(
  props: VllmServeProps,
  cut: VllmCut,
  context: EngineContext,
): readonly EngineFinding[] {
  return [
    ...modelPathFindings(props.modelPath, context),
    ...repeatedFlags(props.extraArguments ?? [], VLLM_FLAGS),
    ...headAddress(cut),
    ...releaseFindings("vllm", context, cut.executor),
    ...(context.rayResource === "NPU" && cut.executor === "ray" && cut.nodes > 1 ? onAscendRay(cut) : []),
  ];
}

function headAddress(cut: VllmCut): readonly EngineFinding[] {
  return cut.executor !== "mp" || cut.nodes < 2 || cut.headAddress !== undefined
    ? []
    : [
        {
          level: "error",
          path: "engine.executor",
          got: "'mp'",
          allowed: "needs the head's address in the plan, where the nodes meet",
          fix: "use a place with planned addresses, or VllmExecutor.RAY",
        },
      ];
}

/** Reported for vllm-ascend over Ray, and open. */
function onAscendRay({ parallelism }: VllmCut): readonly EngineFinding[] {
  const { pipeline, data, expertParallel } = parallelism;
  const warning = (path: string, got: string, issue: string): EngineFinding => ({
    level: "warning",
    path,
    got,
    allowed: `is reported to fail across Ascend nodes with the executor 'ray' (${issue})`,
    fix: "use VllmExecutor.MP, or tensor parallelism alone",
  });
  return [
    ...(pipeline > 1
      ? [warning("engine.pipelineParallelSize", String(pipeline), "vllm-project/vllm-ascend#10910")]
      : []),
    ...(data > 1 ? [warning("engine.dataParallelSize", String(data), "vllm-project/vllm-ascend#10910")] : []),
    ...(expertParallel
      ? [warning("engine.enableExpertParallel", "true", "vllm-project/vllm-ascend#4123")]
      : []),
  ];
}
