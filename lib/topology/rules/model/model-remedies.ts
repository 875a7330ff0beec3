import { allModels, findModel } from "../../../catalog/models";
import { counted } from "../../../problems/text";
import { memoryFit, type MemoryFit } from "../../model/memory-fit";
import { Model } from "../../model/model";
import { deriveParallelism, ranksOf, showParallelism, type Parallelism } from "../../model/parallelism";
import { canBeCut, type ModelPlan } from "./model-structure";

/** Larger clusters are not proposed: whoever has them does not need the hint. */
const MOST_NODES = 64;

/** Context lengths are proposed in steps of this, so that they read like ones that a person chose. */
const CONTEXT_STEP = 1024;

/** The memory that a plan needs, with changes to it. */
export function fitOf(
  plan: ModelPlan,
  change: Partial<ModelPlan> & { readonly favourable?: boolean } = {},
): MemoryFit {
  return memoryFit({ ...plan, ...change });
}

/** Changes after which a plan that does not fit would, each computed. Each can be declared as it is written. */
export function whatWouldFit(plan: ModelPlan): string {
  const options = fittingChanges(plan).map(({ change, leftGiB }) =>
    leftGiB === undefined ? change : `${change} (${leftGiB.toFixed(1)} GiB left)`,
  );
  return options.length > 0
    ? `use ${options.join("; or ")}`
    : `use accelerators with more memory: no split over up to ${MOST_NODES} such nodes fits`;
}

/** A change to a plan after which it fits. */
export interface FittingChange {
  /** As it is declared, e.g. `kvCacheDtype 'fp8'`. */
  readonly change: string;
  /** Memory left over on the fullest accelerator; `undefined`: the change uses up what there is. */
  readonly leftGiB?: number;
}

/** What would fit: a smaller load, another cut of the same accelerators, fewer bits, more nodes. */
export function fittingChanges(plan: ModelPlan): readonly FittingChange[] {
  return [
    ...smallerLoad(plan),
    ...otherCuts(plan),
    ...smallerCache(plan),
    ...smallerWeights(plan),
    ...moreNodes(plan),
  ];
}

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

function smallerLoad(plan: ModelPlan): readonly FittingChange[] {
  const fit = fitOf(plan);
  const tokens = Math.floor(fit.longestTokens / CONTEXT_STEP) * CONTEXT_STEP;
  return [
    ...(tokens > 0
      ? [{ change: `${tokens} context tokens with ${counted(plan.concurrentSequences, "sequence")}` }]
      : []),
    ...(fit.maximumSequences > 0
      ? [{ change: `${counted(fit.maximumSequences, "sequence")} of ${plan.contextTokens} tokens` }]
      : []),
  ];
}

/** The best other cut of the same accelerators: whole experts, or wider tensor groups within a node. */
function otherCuts(plan: ModelPlan): readonly FittingChange[] {
  const { parallelism, nodes, acceleratorsPerNode, model } = plan;
  if (plan.engine?.name !== "vllm") {
    return [];
  }
  const devices = nodes * acceleratorsPerNode;
  const sizes = Array.from({ length: acceleratorsPerNode }, (_, index) => index + 1);
  const cuts = sizes
    .filter((tensor) => devices % tensor === 0)
    .flatMap((tensor): Parallelism[] => [
      { tensor, pipeline: devices / tensor, data: 1, expertParallel: parallelism.expertParallel },
      ...(model.shape.moe ? [{ tensor, pipeline: 1, data: devices / tensor, expertParallel: true }] : []),
    ])
    // More stages than nodes would only make each token wait.
    .filter((cut) => cut.pipeline <= nodes && showParallelism(cut) !== showParallelism(parallelism))
    .filter((cut) => canBeCut(model, cut, plan.engine))
    .map((cut) => ({ cut, fit: fitOf(plan, { parallelism: cut }) }))
    .filter(({ fit }) => fit.fits)
    .sort((a, b) => b.fit.headroomGiB - a.fit.headroomGiB);
  return cuts.slice(0, 1).map(({ cut, fit }) => ({
    change: showParallelism(cut) + (cut.expertParallel ? " with expert parallelism" : ""),
    leftGiB: fit.headroomGiB,
  }));
}

function smallerCache(plan: ModelPlan): readonly FittingChange[] {
  // Ascend's A2 and A3 have no FP8.
  const change =
    plan.engine?.name === "vllm" && plan.collective !== "hccl"
      ? "kvCacheDtype 'fp8'"
      : plan.engine?.name === "lmdeploy"
        ? "quantPolicy 8"
        : undefined;
  const fit = fitOf(plan, { kvElementBytes: 1 });
  return change !== undefined && fit.fits && (plan.kvElementBytes ?? plan.model.elementBytes) > 1
    ? [{ change, leftGiB: fit.headroomGiB }]
    : [];
}

/** Published variants of the same architecture with smaller weights; else 8 bits, quantized while loading. */
function smallerWeights(plan: ModelPlan): readonly FittingChange[] {
  const { model } = plan;
  const own = model.id === undefined ? undefined : findModel(model.id);
  if (own) {
    return allModels()
      .filter((other) => other.release === own.release && other.weightBytes < own.weightBytes)
      .filter((other) => plan.collective === undefined || !other.unfitFor.includes(plan.collective))
      .map(({ id }) => Model.of(id))
      .filter((variant) => canBeCut(variant, plan.parallelism, plan.engine))
      .map((variant) => ({ variant, fit: fitOf(plan, { model: variant }) }))
      .filter(({ fit }) => fit.fits)
      .map(({ variant, fit }) => ({ change: `'${variant.name}'`, leftGiB: fit.headroomGiB }));
  }
  const smaller = model.quantizedAs("fp8");
  if (smaller === model || plan.engine?.name !== "vllm" || plan.collective === "hccl") {
    return [];
  }
  const fit = fitOf(plan, { model: smaller });
  return fit.fits ? [{ change: "quantization 'fp8'", leftGiB: fit.headroomGiB }] : [];
}

/** More nodes as more replicas where there are some, else as more pipeline stages. */
function moreNodes(plan: ModelPlan): readonly FittingChange[] {
  const { parallelism, acceleratorsPerNode } = plan;
  const grown = parallelism.data > 1 && plan.model.shape.moe !== null ? "data" : "pipeline";
  const others = ranksOf(parallelism) / parallelism[grown];
  for (let nodes = plan.nodes + 1; nodes <= MOST_NODES; nodes++) {
    const size = (nodes * acceleratorsPerNode) / others;
    const larger = {
      ...plan,
      nodes,
      parallelism: { ...parallelism, [grown]: size, layerPartition: undefined },
    };
    if (Number.isInteger(size) && canBeCut(plan.model, larger.parallelism, plan.engine)) {
      const fit = fitOf(larger);
      if (fit.fits) {
        return [
          { change: `${nodes} nodes, ${showParallelism(larger.parallelism)}`, leftGiB: fit.headroomGiB },
        ];
      }
    }
  }
  return [];
}
