import { engineMemoryGiB } from "../../../catalog/engines";
import { findFabric } from "../../../catalog/fabrics";
import type { Problem } from "../../../problems/problem";
import { type ErrorFinding, type Found, judge, type Rule, type WarningFinding } from "../../../problems/rule";
import { DEFAULT_MEMORY_UTILIZATION } from "../../model/memory-fit";
import { layerPartition, nodesOfTensorGroup, showParallelism } from "../../model/parallelism";
import { cutRules, sizesAreCounts } from "./model-cut-rules";
import { fittingCut, fitOf, whatWouldFit } from "./model-remedies";
import { canBeCut, type ModelPlan } from "./model-structure";

/** All rules of a model on a cluster. */
export const modelRules: readonly Rule<ModelPlan>[] = [
  ...cutRules,
  {
    id: "RC107",
    level: "error",
    title: "The context is no longer than the model's",
    why: "The engine refuses to start beyond the positions that the model was trained for.",
    check: ({ model, contextTokens }) =>
      model.shape.maximumContextTokens === 0 || contextTokens <= model.shape.maximumContextTokens
        ? []
        : {
            path: "engine.contextTokens",
            got: String(contextTokens),
            must: `be at most ${model.shape.maximumContextTokens}, the context length of ${model.name}`,
            fix: `use ${model.shape.maximumContextTokens}, or a model configuration with rope_scaling`,
          },
  },
  {
    id: "RC108",
    level: "error",
    title: "Weights, cache and engine fit into the accelerators' memory",
    why: "The engine would run out of memory after the download and minutes of loading.",
    check: checkMemory,
  },
  {
    id: "RC109",
    level: "warning",
    title: "Some memory is left over",
    why: "The activation peak of one model differs by 3.4 GiB between engine releases: what barely fits today may not fit tomorrow.",
    check: checkRoom,
  },
  {
    id: "RC110",
    level: "warning",
    title: "Tensor groups lie within a node, or have RDMA between nodes",
    why: "Every layer of every token waits for two all-reduces, which then go over sockets.",
    check: checkFabric,
  },
  {
    id: "RC111",
    level: "warning",
    title: "Pipeline stages have the same number of layers",
    why: "The largest stage sets the pace, and its memory limits the cache of all stages.",
    check: checkEvenness,
  },
  {
    id: "RC112",
    level: "error",
    title: "The engine's share of memory lies between 0 and 1",
    why: "The engine refuses any other share.",
    check: ({ memoryUtilization = DEFAULT_MEMORY_UTILIZATION }) =>
      memoryUtilization > 0 && memoryUtilization <= 1
        ? []
        : {
            path: "engine.memoryUtilization",
            got: String(memoryUtilization),
            must: "be greater than 0 and at most 1",
            fix: `use ${DEFAULT_MEMORY_UTILIZATION}`,
          },
  },
];

/** Everything that is wrong with a model on a cluster, in the order of the rules. */
export function checkModel(plan: ModelPlan): readonly Problem[] {
  // With a size that is no count, the other rules would only report what follows from it.
  const rules = sizesAreCounts(plan) ? modelRules : modelRules.filter(({ id }) => id === "RC100");
  return judge({ title: "Model", rules }, plan, undefined);
}

function checkMemory(plan: ModelPlan): Found<ErrorFinding> {
  if (!canBeCut(plan.model, plan.parallelism)) {
    return [];
  }
  const fit = fitOf(plan);
  if (fit.fits) {
    return [];
  }
  const { stage, weightsGiB, kvCacheGiB, totalGiB } = fit.fullest;
  const percent = Math.round((plan.memoryUtilization ?? DEFAULT_MEMORY_UTILIZATION) * 100);
  const where = plan.parallelism.pipeline > 1 ? ` on stage ${stage}` : "";
  return {
    path: fit.maximumTokens === 0 ? "model" : "engine.contextTokens",
    got:
      `${gib(totalGiB)}${where} (weights ${gib(weightsGiB)}, cache of ` +
      `${plan.concurrentSequences} x ${plan.contextTokens} tokens ${gib(kvCacheGiB)}, engine ${gib(fit.overheadGiB)})`,
    must: `fit into ${gib(fit.budgetGiB)} per accelerator (${percent} % of ${plan.acceleratorMemoryGiB} GiB)`,
    fix: whatWouldFit(plan),
  };
}

function checkRoom(plan: ModelPlan): Found<WarningFinding> {
  if (!canBeCut(plan.model, plan.parallelism)) {
    return [];
  }
  const fit = fitOf(plan);
  return fit.tight
    ? {
        path: "engine.contextTokens",
        got: `${gib(fit.headroomGiB)} left of ${gib(fit.budgetGiB)} per accelerator`,
        consequence: `is less than the ${gib(engineMemoryGiB("activation-spread"))} by which engine releases differ`,
        fix: `plan for at most ${fit.maximumTokens} tokens in the cache, use fewer sequences or add a node`,
      }
    : [];
}

/**
 * Bytes over the wire for each token: two all-reduces a layer (Megatron-LM, arXiv 1909.08053), of which each rank
 * sends `2 (n - 1) / n` of the activations (nccl-tests `doc/PERFORMANCE.md`); the rank at the edge of a node sends
 * its share to the next node. A pipeline stage hands over activations and residual once.
 */
function checkFabric(plan: ModelPlan): Found<WarningFinding> {
  const { model, parallelism, acceleratorsPerNode } = plan;
  const nodes = nodesOfTensorGroup(parallelism, acceleratorsPerNode);
  const fabric = findFabric(plan.fabric);
  if (nodes < 2 || !fabric || fabric.rdma) {
    return [];
  }
  const activations = model.shape.hiddenSize * model.elementBytes;
  const allReduces = 2 * model.shape.layers;
  const bytes = (allReduces * activations * 2 * (parallelism.tensor - 1)) / parallelism.tensor;
  const cut = fittingCut(plan);
  const handedOver = cut ? 2 * activations * (cut.pipeline - 1) : 0;
  return {
    path: "engine.tensorParallelSize",
    got: `tp ${parallelism.tensor} across ${nodes} nodes on '${plan.fabric}'`,
    consequence: `sends ${allReduces} all-reduces and ${size(bytes)} over the network for each token`,
    fix:
      cut && nodesOfTensorGroup(cut, acceleratorsPerNode) === 1
        ? `use ${showParallelism(cut)}, which sends ${size(handedOver)}, or a fabric with RDMA`
        : "use a fabric with RDMA",
  };
}

function checkEvenness({ model, parallelism }: ModelPlan): Found<WarningFinding> {
  const { layers } = model.shape;
  if (parallelism.layerPartition || layers % parallelism.pipeline === 0 || layers < parallelism.pipeline) {
    return [];
  }
  const partition = layerPartition(layers, parallelism);
  const excess = (Math.max(...partition) * parallelism.pipeline) / layers - 1;
  return {
    path: "engine.pipelineParallelSize",
    got: `${layers} layers split as ${partition.join(", ")}`,
    consequence: `are uneven: the largest stage is ${(excess * 100).toFixed(1)} % above the mean and sets the pace`,
    fix: "use a size that divides the layers, or set layerPartition",
  };
}

function gib(value: number): string {
  return `${value.toFixed(1)} GiB`;
}

function size(bytes: number): string {
  return bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 1024).toFixed(1)} KiB`;
}
