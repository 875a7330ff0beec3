import { allModels, findModel } from "../../../catalog/models";
import type { Quantization } from "../../../catalog/models";
import { counted } from "../../../problems/text";
import { memoryFit, type MemoryFit } from "../../model/memory-fit";
import { Model } from "../../model/model";
import { weightsOf } from "../../model/model-weights";
import { deriveParallelism, ranksOf, showParallelism, type Parallelism } from "../../model/parallelism";
import { canBeCut, type ModelPlan } from "./model-structure";

/** Larger clusters are not proposed: whoever has them does not need the hint. */
const MOST_NODES = 64;

/** Context lengths are proposed in steps of this, so that they read like ones that a person chose. */
const CONTEXT_STEP = 1024;

const EIGHT_BITS: Quantization = {
  method: "fp8",
  bits: 8,
  blockRows: 1,
  blockColumns: null,
  scaleBytes: 4,
  kept: [],
};

/** The memory that a plan needs, with changes to it. */
export function fitOf(plan: ModelPlan, change: Partial<ModelPlan> = {}): MemoryFit {
  return memoryFit({ ...plan, ...change });
}

/** Changes after which a plan that does not fit would, each computed. */
export function whatWouldFit(plan: ModelPlan): string {
  const options = [...smallerLoad(plan), ...smallerCache(plan), ...smallerWeights(plan), ...moreNodes(plan)];
  return options.length > 0
    ? `use ${options.join("; or ")}`
    : `use accelerators with more memory: no split over up to ${MOST_NODES} such nodes fits`;
}

/** Tensor parallel sizes that the model allows and the accelerators divide into, ascending. */
export function fittingTensorSizes(plan: ModelPlan): readonly number[] {
  const devices = plan.nodes * plan.acceleratorsPerNode;
  const data = devices % plan.parallelism.data === 0 ? plan.parallelism.data : 1;
  return Array.from({ length: devices }, (_, index) => index + 1).filter((tensor) => {
    const pipeline = devices / tensor / data;
    const parallelism = { tensor, pipeline, data, expertParallel: plan.parallelism.expertParallel };
    return Number.isInteger(pipeline) && canBeCut(plan.model, parallelism);
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

function smallerLoad(plan: ModelPlan): readonly string[] {
  const fit = fitOf(plan);
  const perSequence =
    fit.maximumTokens / plan.parallelism.data / Math.ceil(plan.concurrentSequences / plan.parallelism.data);
  const tokens = Math.floor(perSequence / CONTEXT_STEP) * CONTEXT_STEP;
  return [
    ...(tokens > 0 ? [`${tokens} context tokens with ${counted(plan.concurrentSequences, "sequence")}`] : []),
    ...(fit.maximumSequences > 0
      ? [`${counted(fit.maximumSequences, "sequence")} of ${plan.contextTokens} tokens`]
      : []),
  ];
}

function smallerCache(plan: ModelPlan): readonly string[] {
  // Ascend's A2 and A3 have no FP8.
  if (plan.collective === "hccl") {
    return [];
  }
  const fit = fitOf(plan, { kvElementBytes: 1 });
  return fit.fits && (plan.kvElementBytes ?? plan.model.elementBytes) > 1
    ? [`an FP8 cache (${left(fit)})`]
    : [];
}

/** Published variants of the same architecture with smaller weights; else an estimate for 8 bits. */
function smallerWeights(plan: ModelPlan): readonly string[] {
  const { model } = plan;
  const own = model.id === undefined ? undefined : findModel(model.id);
  if (own) {
    return allModels()
      .filter((other) => other.release === own.release && other.weightBytes < own.weightBytes)
      .filter((other) => plan.collective === undefined || !other.unfitFor.includes(plan.collective))
      .map(({ id }) => Model.of(id))
      .filter((variant) => canBeCut(variant, plan.parallelism))
      .map((variant) => ({ variant, fit: fitOf(plan, { model: variant }) }))
      .filter(({ fit }) => fit.fits)
      .map(({ variant, fit }) => `'${variant.name}' (${left(fit)})`);
  }
  if (model.quantization !== null || model.shape.modelType === "numbers") {
    return [];
  }
  const { shape, elementBytes } = model;
  const weights = weightsOf(shape, elementBytes, EIGHT_BITS);
  const fit = memoryFit({ ...plan, model: { shape, elementBytes, weights } });
  return fit.fits ? [`8-bit weights (${left(fit)})`] : [];
}

function moreNodes(plan: ModelPlan): readonly string[] {
  const { parallelism, acceleratorsPerNode } = plan;
  const perStage = ranksOf(parallelism) / parallelism.pipeline;
  for (let nodes = plan.nodes + 1; nodes <= MOST_NODES; nodes++) {
    const pipeline = (nodes * acceleratorsPerNode) / perStage;
    const larger = { ...plan, nodes, parallelism: { ...parallelism, pipeline, layerPartition: undefined } };
    if (Number.isInteger(pipeline) && canBeCut(plan.model, larger.parallelism)) {
      const fit = fitOf(larger);
      if (fit.fits) {
        return [`${nodes} nodes, ${showParallelism(larger.parallelism)} (${left(fit)})`];
      }
    }
  }
  return [];
}

function left(fit: MemoryFit): string {
  return `${fit.headroomGiB.toFixed(1)} GiB left`;
}
