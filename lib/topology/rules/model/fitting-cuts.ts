import { deriveParallelism, type Parallelism, showParallelism } from "../../model/parallelism";
import { stagesObstacle } from "../../model/speculative-stages";
import { canBeCut, type ModelPlan } from "./model-structure";

/** Tensor parallel sizes that the model allows and the accelerators divide into, ascending. */
export function fittingTensorSizes(plan: ModelPlan): readonly number[] {
  const devices = plan.nodes * plan.acceleratorsPerNode;
  const data = devices % plan.parallelism.data === 0 ? plan.parallelism.data : 1;
  return Array.from({ length: devices }, (_, index) => index + 1).filter((tensor) => {
    const pipeline = devices / tensor / data;
    const parallelism = { tensor, pipeline, data, expertParallel: plan.parallelism.expertParallel };
    return Number.isInteger(pipeline) && canBeCut(plan.model, parallelism, plan.engine);
  });
}

/** A cut of all accelerators that the model allows: the usual one, else the one with the widest tensor groups. */
export function fittingCut(plan: ModelPlan): Parallelism | undefined {
  const { nodes, acceleratorsPerNode } = plan;
  const request = { nodes, acceleratorsPerNode, expertParallel: plan.parallelism.expertParallel };
  const usual = deriveParallelism(request);
  const sizes = fittingTensorSizes({ ...plan, parallelism: usual });
  const tensor = sizes.includes(usual.tensor)
    ? usual.tensor
    : sizes.filter((size) => size <= acceleratorsPerNode).at(-1);
  return tensor === undefined ? undefined : deriveParallelism({ ...request, tensor });
}

/** Other cuts of the same accelerators that vLLM takes: wider or narrower tensor groups, or whole experts. */
export function otherCuts(plan: ModelPlan): readonly Parallelism[] {
  const { parallelism, nodes, acceleratorsPerNode, model, engine } = plan;
  const { expertParallel, decodeContext = 1, prefillContext = 1 } = parallelism;
  if (engine?.name !== "vllm" || prefillContext > 1) {
    return [];
  }
  const devices = nodes * acceleratorsPerNode;
  return (
    Array.from({ length: acceleratorsPerNode }, (_, index) => index + 1)
      .filter((tensor) => devices % tensor === 0 && tensor % decodeContext === 0)
      .flatMap((tensor): Parallelism[] => [
        { tensor, pipeline: devices / tensor, data: 1, expertParallel },
        ...(model.shape.moe ? [{ tensor, pipeline: 1, data: devices / tensor, expertParallel: true }] : []),
      ])
      .map((cut) => (decodeContext > 1 ? { ...cut, decodeContext } : cut))
      // More stages than nodes would only make each token wait.
      .filter((cut) => cut.pipeline <= nodes && showParallelism(cut) !== showParallelism(parallelism))
      .filter((cut) => isDeclarable(plan, cut))
  );
}

/** The same cut over more nodes: as more replicas where there are some, else as more pipeline stages. */
export function cutOver(plan: ModelPlan, nodes: number): Parallelism | undefined {
  const { parallelism, acceleratorsPerNode, model } = plan;
  const { tensor, pipeline, data, prefillContext = 1 } = parallelism;
  const grown = data > 1 && model.shape.moe !== null ? "data" : "pipeline";
  const others = tensor * prefillContext * (grown === "data" ? pipeline : data);
  const size = (nodes * acceleratorsPerNode) / others;
  const cut = { ...parallelism, [grown]: size, layerPartition: undefined };
  return Number.isInteger(size) && isDeclarable(plan, cut) ? cut : undefined;
}

/** Whether the engine's release takes the cut of the model, also with speculative decoding. */
function isDeclarable({ model, parallelism, engine, ...plan }: ModelPlan, cut: Parallelism): boolean {
  const { speculative } = plan;
  const isStaged =
    speculative === undefined ||
    stagesObstacle(speculative, model.shape.modelType, engine?.version) === undefined;
  const keepsStages = cut.pipeline <= Math.max(1, parallelism.pipeline);
  return canBeCut(model, cut, engine) && (isStaged || keepsStages);
}
