import { engineMemoryGiB } from "../../../catalog/engine-memory";
import { findFabric } from "../../../catalog/fabrics";
import { DEFAULT_MEMORY_UTILIZATION } from "../../model/memory-fit";
import { layerPartition, nodesOfTensorGroup, showParallelism } from "../../model/parallelism";
import type { Problem } from "../../../problems/problem";
import { cutRules, sizesAreCounts, type ModelRule } from "./model-cut-rules";
import { fittingCut, fitOf, whatWouldFit } from "./model-remedies";
import { canBeCut, type ModelPlan } from "./model-structure";
import type { Finding } from "../rule";

/** All rules of a model on a cluster. */
export const modelRules: readonly ModelRule[] = [
  ...cutRules,
  {
    id: "RC107",
    level: "error",
    title: "The context is no longer than the model's",
    why: "Beyond the positions that it was trained for, the engine refuses to start.",
    check: ({ model, contextTokens }) =>
      model.shape.maximumContextTokens === 0 || contextTokens <= model.shape.maximumContextTokens
        ? []
        : [
            {
              path: "engine.contextTokens",
              got: String(contextTokens),
              allowed: `must be at most ${model.shape.maximumContextTokens} (${model.name})`,
              fix: `use ${model.shape.maximumContextTokens}, or a configuration that stretches the positions (rope_scaling)`,
            },
          ],
  },
  {
    id: "RC108",
    level: "error",
    title: "Weights, cache and engine fit the accelerators",
    why: "The engine would run out of memory after the download and minutes of loading.",
    check: checkMemory,
  },
  {
    id: "RC109",
    level: "warning",
    title: "The memory has room to spare",
    why: "Activation peaks of one model differ by 3.4 GiB between engine releases: what fits by less may not fit tomorrow.",
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
    why: "The fullest stage sets the pace, and its memory limits the cache of all.",
    check: checkEvenness,
  },
  {
    id: "RC112",
    level: "error",
    title: "The share of memory for the engine lies between 0 and 1",
    why: "The engine refuses another share, and the memory rules would mean nothing.",
    check: ({ memoryUtilization = DEFAULT_MEMORY_UTILIZATION }) =>
      memoryUtilization > 0 && memoryUtilization <= 1
        ? []
        : [
            {
              path: "engine.memoryUtilization",
              got: String(memoryUtilization),
              allowed: "must be more than 0 and at most 1",
              fix: `use ${DEFAULT_MEMORY_UTILIZATION}`,
            },
          ],
  },
];

/** Everything that is wrong with a model on a cluster, in the order of the rules. */
export function checkModel(plan: ModelPlan): readonly Problem[] {
  // With a size that is no count, the other rules would only report what follows from it.
  const rules = sizesAreCounts(plan) ? modelRules : modelRules.filter(({ id }) => id === "RC100");
  return rules.flatMap((rule) =>
    rule.check(plan).map((finding) => ({ rule: rule.id, level: rule.level, ...finding })),
  );
}

function checkMemory(plan: ModelPlan): readonly Finding[] {
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
  return [
    {
      path: fit.maximumTokens === 0 ? "model" : "engine.contextTokens",
      got:
        `${gib(totalGiB)}${where} (weights ${gib(weightsGiB)}, cache of ` +
        `${plan.concurrentSequences} x ${plan.contextTokens} tokens ${gib(kvCacheGiB)}, engine ${gib(fit.overheadGiB)})`,
      allowed: `must fit ${gib(fit.budgetGiB)} of each accelerator (${percent} % of ${plan.acceleratorMemoryGiB} GiB)`,
      fix: whatWouldFit(plan),
    },
  ];
}

function checkRoom(plan: ModelPlan): readonly Finding[] {
  if (!canBeCut(plan.model, plan.parallelism)) {
    return [];
  }
  const fit = fitOf(plan);
  return fit.tight
    ? [
        {
          path: "engine.contextTokens",
          got: `${gib(fit.headroomGiB)} left of ${gib(fit.budgetGiB)} on each accelerator`,
          allowed: `should leave ${gib(engineMemoryGiB("activation-spread"))}, as much as engine releases differ by`,
          fix: `expect at most ${fit.maximumTokens} tokens in the cache, or take fewer sequences or another node`,
        },
      ]
    : [];
}

/**
 * Bytes over the wire for each token: two all-reduces a layer (Megatron-LM, arXiv 1909.08053), of which each rank
 * sends `2 (n - 1) / n` of the activations (nccl-tests `doc/PERFORMANCE.md`); the rank at the edge of a node sends
 * its share to the next node. A pipeline stage hands over activations and residual once.
 */
function checkFabric(plan: ModelPlan): readonly Finding[] {
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
  return [
    {
      path: "engine.tensorParallelSize",
      got: `tp ${parallelism.tensor} over ${nodes} nodes on '${plan.fabric}'`,
      allowed: "should lie within a node where the fabric has no RDMA",
      fix:
        `expect ${allReduces} all-reduces and ${show(bytes)} over the wire for each token` +
        (cut && nodesOfTensorGroup(cut, acceleratorsPerNode) === 1
          ? `; ${showParallelism(cut)} sends ${show(handedOver)}`
          : ""),
    },
  ];
}

function checkEvenness(plan: ModelPlan): readonly Finding[] {
  const { model, parallelism } = plan;
  const { layers } = model.shape;
  if (parallelism.layerPartition || layers % parallelism.pipeline === 0 || layers < parallelism.pipeline) {
    return [];
  }
  const partition = layerPartition(layers, parallelism);
  const excess = (Math.max(...partition) * parallelism.pipeline) / layers - 1;
  return [
    {
      path: "engine.pipelineParallelSize",
      got: `${layers} layers as ${partition.join(", ")}`,
      allowed: "should divide the layers",
      fix:
        `expect stages of ${Math.max(...partition)} layers, ${(excess * 100).toFixed(1)} % above the mean; ` +
        "layerPartition sets another split",
    },
  ];
}

function gib(value: number): string {
  return `${value.toFixed(1)} GiB`;
}

function show(bytes: number): string {
  return bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 1024).toFixed(1)} KiB`;
}
