import { engineMemoryGiB } from "../../../catalog/engines";
import type { Collective } from "../../../catalog/facts";
import { findFabric } from "../../../catalog/fabrics";
import type { Problem } from "../../../problems/problem";
import {
  type ErrorFinding,
  errorRule,
  type Found,
  judge,
  type Rule,
  type WarningFinding,
  warningRule,
} from "../../../problems/rule";
import { unless } from "../../../problems/checks";
import { longestContext } from "../../model/longest-context";
import type { Model } from "../../model/model";
import { DEFAULT_MEMORY_UTILIZATION, type MemoryFit } from "../../model/memory-fit";
import { layerPartition, nodesOfTensorGroup, showParallelism } from "../../model/parallelism";
import { capabilityRules } from "./capability-rules";
import { cutRules, sizesAreCounts } from "./model-cut-rules";
import { draftRules } from "./draft-rules";
import { expertRules } from "./expert-rules";
import { fittingCut } from "./fitting-cuts";
import { canBeCut, type ModelPlan } from "./model-structure";
import { sessionRules, takesAnySession } from "./session-rules";
import { choicesOf, fitOf, MOST_NODES } from "./what-fits";

/** Share of a GPU's memory from which running out of it is reported (vllm-project/recipes OpenAI/GPT-OSS.md). */
const HIGH_SHARE = 0.96;

/** All rules of a model on a cluster. */
export const modelRules: readonly Rule<ModelPlan>[] = [
  ...cutRules,
  ...draftRules,
  ...capabilityRules,
  ...sessionRules,
  ...expertRules,
  errorRule("RC107", {
    title: "The context is no longer than the model's",
    why: "The engine refuses to start beyond the positions that the model was trained for.",
    check: checkContext,
  }),
  errorRule("RC108", {
    title: "Weights, cache and engine fit into the accelerators' memory",
    why: "The engine would run out of memory after the download and minutes of loading. What is uncertain counts with its favourable end.",
    check: checkMemory,
  }),
  warningRule("RC109", {
    title: "Some memory is left over, in the engine's share and beside it",
    why: "The activation peak of one model differs by 3.4 GiB between engine releases: what barely fits today may not fit tomorrow. Collectives, workspaces of kernels and, on Ascend and in older releases, captured graphs take memory beside the share.",
    check: (plan) => [...checkRoom(plan), ...checkShare(plan)],
  }),
  warningRule("RC110", {
    title: "Tensor groups lie within a node, or have RDMA between nodes",
    why: "Every layer of every token waits for two all-reduces, which then go over sockets.",
    check: checkFabric,
  }),
  warningRule("RC111", {
    title: "Pipeline stages have the same number of layers",
    why: "The largest stage sets the pace, and its memory limits the cache of all stages.",
    check: checkEvenness,
  }),
  errorRule("RC112", {
    title: "The engine's share of memory lies between 0 and 1",
    why: "The engine refuses any other share.",
    check: ({ cacheShare, memoryUtilization = DEFAULT_MEMORY_UTILIZATION }) => {
      const share = cacheShare ?? memoryUtilization;
      return unless(share > 0 && share <= 1, {
        path: "engine.memoryUtilization",
        got: String(share),
        must: "be greater than 0 and at most 1",
        fix: `use ${DEFAULT_MEMORY_UTILIZATION}`,
      });
    },
  }),
  errorRule("RC119", {
    title: "Decode context parallelism replaces copies of the cache",
    why: "The ranks that hold a copy of the same KV heads share the tokens; where each rank has heads of its own there is nothing to share.",
    check: ({ model: { shape }, parallelism: { tensor, decodeContext = 1 } }) => {
      const copies = shape.mla ? tensor : Math.max(1, Math.floor(tensor / shape.kvHeads));
      return unless(decodeContext <= copies, {
        path: "engine.decodeContextParallelSize",
        got: String(decodeContext),
        must: `be at most ${copies}, the copies of the cache with tp ${tensor} and ${shape.kvHeads} KV heads`,
        fix: `use ${copies}`,
      });
    },
  }),
];

/** Everything that is wrong with a model on a cluster, in the order of the rules. */
export function checkModel(plan: ModelPlan): readonly Problem[] {
  // With a size that is no count, the other rules would only report what follows from it.
  const rules = sizesAreCounts(plan) ? modelRules : modelRules.filter(({ id }) => id === "RC100");
  return judge({ title: "Model", rules }, plan, undefined);
}

function checkContext(plan: ModelPlan): Found<ErrorFinding> {
  const { model, contextTokens, engine, longerContextVariable } = plan;
  const most = longestContext(model, engine);
  return most === 0 || contextTokens <= most || plan.allowsLongerContext || takesAnySession(plan)
    ? []
    : {
        path: "engine.contextTokens",
        got: String(contextTokens),
        must: `be at most ${most}, the context length of ${model.name}`,
        fix:
          longerContextVariable === undefined
            ? `use ${most}`
            : `use ${most}; or set environment.${longerContextVariable} to 1 for a model that can do more`,
      };
}

function checkMemory(plan: ModelPlan): Found<ErrorFinding> {
  if (!canBeCut(plan.model, plan.parallelism, plan.engine)) {
    return [];
  }
  const fit = fitOf(plan, { favourable: true });
  if (fit.fits) {
    return [];
  }
  const choices = choicesOf(plan);
  return {
    path: fit.maximumTokens === 0 ? "model" : "engine.contextTokens",
    got: partsOf(plan, fit),
    must: `fit into ${gib(fit.budgetGiB)} per accelerator (${shareText(plan)})`,
    fix:
      choices === undefined
        ? `use accelerators with more memory: no split over up to ${MOST_NODES} such nodes fits`
        : "declare one of these, the nearest first",
    choices,
  };
}

function checkRoom(plan: ModelPlan): readonly WarningFinding[] {
  const least = fitOf(plan, { favourable: true });
  const fit = fitOf(plan);
  // A context that fills the memory on purpose leaves none.
  const isFull = fit.fits && (!fit.tight || plan.contextFits === true);
  if (!canBeCut(plan.model, plan.parallelism, plan.engine) || !least.fits || isFull) {
    return [];
  }
  const path = "engine.contextTokens";
  const choices = choicesOf(plan, engineMemoryGiB("activation-spread"));
  const most = Math.max(fit.maximumTokens, 1);
  const fix = `plan for at most ${most} tokens in the cache${choices ? ", or declare one of these, which leave more" : ""}`;
  return [
    fit.fits
      ? {
          path,
          got: `${gib(fit.headroomGiB)} left of ${gib(fit.budgetGiB)} per accelerator`,
          consequence: `is less than the ${gib(engineMemoryGiB("activation-spread"))} by which engine releases differ`,
          fix,
          choices,
        }
      : {
          path,
          got: `${partsOf(plan, fit)} of ${gib(fit.budgetGiB)} per accelerator`,
          consequence: `may not fit: ${gib(least.fullest.totalGiB)} are needed at best`,
          fix,
          choices,
        },
  ];
}

function checkShare(plan: ModelPlan): readonly WarningFinding[] {
  const { acceleratorMemoryGiB, memoryUtilization = DEFAULT_MEMORY_UTILIZATION, collective } = plan;
  const isFixed = plan.cacheShare !== undefined || plan.cacheGiB !== undefined;
  const isUsual = collective !== "hccl" && memoryUtilization < HIGH_SHARE && !capturesBeside(plan);
  if (isFixed || collective === undefined || isUsual) {
    return [];
  }
  const leftGiB = acceleratorMemoryGiB * (1 - memoryUtilization);
  const needGiB = besideShareGiB(plan, collective);
  const most = Math.floor((1 - needGiB / acceleratorMemoryGiB) * 100) / 100;
  return leftGiB > needGiB
    ? []
    : [
        {
          path: "engine.memoryUtilization",
          got: `a share of ${memoryUtilization}, which leaves ${gib(leftGiB)} of ${gib(acceleratorMemoryGiB)},`,
          consequence: "is reported to run out of memory while graphs are captured or under load",
          fix: `use less than ${most}`,
        },
      ];
}

/** Whether the model has layers with a state of fixed size, as linear attention and state-space models do. */
function hasStates({ layerCaches }: Model["shape"]): boolean {
  return layerCaches.some(({ kind }) => kind === "state");
}

/** Whether the large graphs of a model with experts are captured beside the engine's share, as in vLLM before 0.21. */
function capturesBeside({ model, engine, capturesGraphs, budgetsGraphs }: ModelPlan): boolean {
  return engine?.name === "vllm" && model.shape.moe !== null && capturesGraphs === true && !budgetsGraphs;
}

/** Memory beside the engine's share that is known to be too little. */
function besideShareGiB(plan: ModelPlan, collective: Collective): number {
  if (collective !== "hccl") {
    return engineMemoryGiB(capturesBeside(plan) ? "beside-the-share-graphs" : "beside-the-share");
  }
  const { model, capturesGraphs } = plan;
  return capturesGraphs && hasStates(model.shape)
    ? engineMemoryGiB("beside-the-share-states")
    : engineMemoryGiB("beside-the-share-ascend");
}

/** What one accelerator needs, in parts. */
function partsOf(plan: ModelPlan, { fullest, overheadGiB }: MemoryFit): string {
  const where = plan.parallelism.pipeline > 1 ? ` on stage ${fullest.stage}` : "";
  return (
    `${gib(fullest.totalGiB)}${where} (weights ${gib(fullest.weightsGiB)}, cache of ` +
    `${plan.concurrentSequences} x ${plan.contextTokens} tokens ${gib(fullest.kvCacheGiB)}, engine ${gib(overheadGiB)})`
  );
}

function shareText({ acceleratorMemoryGiB, memoryUtilization, cacheShare, cacheGiB }: ModelPlan): string {
  if (cacheGiB !== undefined) {
    return `a cache of ${gib(cacheGiB)} on ${acceleratorMemoryGiB} GiB`;
  }
  return cacheShare === undefined
    ? `${Math.round((memoryUtilization ?? DEFAULT_MEMORY_UTILIZATION) * 100)} % of ${acceleratorMemoryGiB} GiB`
    : `the cache takes ${Math.round(cacheShare * 100)} % of what is left of ${acceleratorMemoryGiB} GiB`;
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
