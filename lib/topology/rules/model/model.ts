import { computeCapabilityOf } from "../../../catalog/compute-capabilities";
import { engineBatchFor, engineMilestone } from "../../../catalog/engines";
import { allModels, findModel } from "../../../catalog/models";
import { compareVersions } from "../../../catalog/ray-versions";
import { findSpeculativeMethod } from "../../../catalog/speculative-methods";
import {
  type ErrorFinding,
  errorRule,
  type Found,
  listed,
  type Rule,
  warningRule,
} from "../../../problems/rule";
import { didYouMean, show } from "../../../problems/text";
import { cacheElementBytes } from "../../model/cache-element";
import { usualContext } from "../../model/longest-context";
import type { Model } from "../../model/model";
import { ranksOf, showParallelism } from "../../model/parallelism";
import type { EngineSizing } from "../../engine-sizing";
import { type ClusterSpec, countableNodes, type PoolSpec } from "../../plan/spec";
import type { ClusterRule } from "../rule";
import { sizesAreCounts } from "./model-cut-rules";
import { withFittingContext } from "./fitting-context";
import { speculationRules } from "./speculation-rules";
import { readingRules } from "./model-reading";
import { modelRules } from "./model-rules";
import type { DraftModel, ModelPlan } from "./model-structure";

/** Rules that look at memory, which emulated accelerators have none of. */
const MEMORY_RULES = ["RC108", "RC109"];

/** Sizes that other rules judge where they are declared. */
const DECLARED_ELSEWHERE = ["nodes", "acceleratorsPerNode"];

/** The rules of models for a declaration: they apply where the cluster knows its model and how it is split. */
export const clusterModelRules: readonly ClusterRule[] = [
  ...modelRules.map(onCluster),
  ...readingRules,
  ...speculationRules,
  errorRule("RC113", {
    title: "There are as many ranks as accelerators, also without a known model",
    why: "The engine places one rank on each accelerator: with fewer ranks it refuses to start, with more it waits forever.",
    check: checkRanks,
  }),
  warningRule("RC125", {
    title: "HCCL's buffer holds what experts are sent",
    why: "HCCL refuses to dispatch the tokens of a step through a buffer that is too small, which is seen at the first request.",
    check: ({ environment, engine }) => {
      const needed = engine.clusterEnvironment?.HCCL_BUFFSIZE;
      const given = environment.HCCL_BUFFSIZE as string | undefined;
      return (
        engine.name === "vllm" &&
        needed !== undefined &&
        given !== undefined &&
        Number(given) < Number(needed) && {
          path: "environment.HCCL_BUFFSIZE",
          got: `${given} MB`,
          consequence: `is less than the ${needed} MB that the experts of full steps need`,
          fix: "leave it out, or take fewer sequences into a step (maxNumSeqs)",
        }
      );
    },
  }),
  errorRule("RC116", {
    title: "A model that is named by its key is in the catalogue",
    why: "Without its numbers nothing of it can be checked.",
    check: ({ modelSource }) => {
      const id = modelSource?.model?.id;
      return (
        id !== undefined &&
        !findModel(id) && {
          path: "model",
          got: show(id),
          must: "be the key of a model in the catalogue",
          fix: didYouMean(
            id,
            allModels().map((model) => model.id),
            "use Model.fromConfig or Model.fromNumbers for any other model",
          ),
        }
      );
    },
  }),
];

function onCluster(rule: Rule<ModelPlan>): ClusterRule {
  return rule.level === "error"
    ? { ...rule, check: adapted(rule.id, rule.check) }
    : { ...rule, check: adapted(rule.id, rule.check) };
}

function adapted<Item extends { readonly path: string }>(
  id: string,
  check: (plan: ModelPlan) => Found<Item>,
): (spec: ClusterSpec) => readonly Item[] {
  return (spec) => {
    const plan = modelPlanOf(spec);
    if (plan === undefined || (id !== "RC100" && !sizesAreCounts(plan))) {
      return [];
    }
    const emulated = accelerated(spec).some((pool) => pool.accelerator?.emulated);
    return emulated && MEMORY_RULES.includes(id) ? [] : declared(listed(check(plan)), spec);
  };
}

/** The model on the cluster; `undefined` where the model, its cut or the accelerators are not known. */
export function modelPlanOf(spec: ClusterSpec): ModelPlan | undefined {
  const { model, engine } = spec;
  return model?.unreadable === undefined && model ? planOf(spec, model, engine) : undefined;
}

function planOf(spec: ClusterSpec, declared: Model, engine: ClusterSpec["engine"]): ModelPlan | undefined {
  const pools = accelerated(spec);
  const { parallelism, sizing } = engine;
  const model = loadedModel(declared, sizing);
  if (parallelism === undefined || pools.length === 0) {
    return undefined;
  }
  // Ranks of one engine must fit the smallest.
  const acceleratorMemoryGiB = Math.min(...pools.map((pool) => pool.accelerator?.memoryGiB ?? Infinity));
  const batch = engineBatchFor(engine.name, acceleratorMemoryGiB, pools[0].acceleratorId ?? "");
  const capturesGraphs = sizing?.capturesGraphs !== false;
  const variable = sizing?.longerContextVariable;
  const plan: ModelPlan = {
    model,
    parallelism,
    nodes: nodesOf(pools),
    acceleratorsPerNode: pools[0].acceleratorsPerNode,
    acceleratorMemoryGiB,
    computeCapability: oldestCapability(pools),
    dtype: sizing?.dtype,
    fabric: spec.fabric,
    // A model given by its numbers may have no longest sequence: one token asks nothing of the cache.
    contextTokens: sizing?.contextTokens ?? (usualContext(model, engine) || 1),
    contextProperty: sizing?.contextProperty,
    concurrentSequences: sizing?.concurrentSequences ?? 1,
    memoryUtilization: sizing?.memoryUtilization,
    engine: { name: engine.name, version: engine.version },
    cacheShare: sizing?.cacheShare,
    cacheGiB: sizing?.cacheGiB,
    cpuOffloadGiB: sizing?.cpuOffloadGiB,
    kvElementBytes: cacheElementBytes(sizing?.cacheDtype),
    batchedTokens: sizing?.batchedTokens ?? batch?.tokens,
    batchedSequences: sizing?.batchedSequences ?? batch?.sequences,
    sortsLogits: isOnGpus(spec) && isBefore(engine, "vllm-samples-without-sorting"),
    capturesGraphs,
    budgetsGraphs: capturesGraphs && budgetsGraphs(spec),
    loadsNextTokenModules: sizing?.speculative?.weights === "model",
    textOnly: sizing?.textOnly,
    speculative: sizing?.speculative,
    draft: draftOf(sizing),
    allowsLongerContext: variable !== undefined && spec.environment[variable] === "1",
    longerContextVariable: variable,
    collective: spec.collective,
  };
  return sizing?.contextFits ? withFittingContext(plan) : plan;
}

/** The least compute capability; `undefined` where one has none. */
function oldestCapability(pools: readonly PoolSpec[]): number | undefined {
  const found = pools.map(({ acceleratorId }) => computeCapabilityOf(acceleratorId ?? ""));
  return found.includes(undefined)
    ? undefined
    : Math.min(...found.map((capability) => capability ?? Infinity));
}

/** The draft model, where its numbers are known. */
function draftOf({ speculative }: Partial<EngineSizing> = {}): DraftModel | undefined {
  const model = speculative?.numbers;
  return model === undefined || model.unreadable !== undefined
    ? undefined
    : {
        model,
        tensor: speculative?.tensor,
        sharesTables: findSpeculativeMethod(speculative?.method ?? "")?.sharesTables ?? true,
      };
}

/** The model as the engine loads it: with keys over its configuration, of another element type, quantized while it is loaded. */
function loadedModel(model: Model, { overrides, dtype, quantization }: Partial<EngineSizing> = {}): Model {
  const overridden = overrides === undefined ? model : model._overridden(overrides);
  const loaded = dtype === undefined ? overridden : overridden.loadedAs(dtype);
  return quantization === undefined ? loaded : loaded.quantizedAs(quantization);
}

/** Whether captured graphs are part of the share of memory: in newer vLLM on GPUs. */
function budgetsGraphs(spec: ClusterSpec): boolean {
  return spec.engine.name === "vllm" && isOnGpus(spec) && !isBefore(spec.engine, "vllm-budgets-graphs");
}

function isOnGpus({ collective }: ClusterSpec): boolean {
  return collective === "nccl" || collective === "rccl";
}

/** Whether the engine is vLLM before a milestone; a version that is not known counts as the newest. */
function isBefore({ name, version }: ClusterSpec["engine"], milestone: string): boolean {
  return (
    name === "vllm" &&
    version !== undefined &&
    compareVersions(version, engineMilestone(milestone).version) < 0
  );
}

/** Findings under the names of the engine's own properties. */
function declared<Item extends { readonly path: string }>(
  findings: readonly Item[],
  { engine }: ClusterSpec,
): readonly Item[] {
  const names: { readonly [path: string]: string } = {
    "engine.contextTokens": `engine.${engine.sizing?.contextProperty ?? "contextTokens"}`,
    "engine.memoryUtilization": `engine.${engine.sizing?.memoryProperty ?? "memoryUtilization"}`,
    "engine.concurrentSequences": "engine.plannedSequences",
  };
  return findings
    .filter(({ path }) => !DECLARED_ELSEWHERE.includes(path))
    .map((finding) => ({ ...finding, path: names[finding.path] ?? finding.path }));
}

function checkRanks(spec: ClusterSpec): Found<ErrorFinding> {
  const { parallelism } = spec.engine;
  const pools = accelerated(spec);
  if (spec.model !== undefined || parallelism === undefined || pools.length === 0) {
    return [];
  }
  const accelerators = pools.reduce((sum, pool) => sum + countableNodes(pool) * pool.acceleratorsPerNode, 0);
  const ranks = ranksOf(parallelism);
  return ranks === accelerators
    ? []
    : {
        path: "engine.tensorParallelSize",
        got: `${showParallelism(parallelism)} = ${ranks} ranks`,
        must: `give ${accelerators} ranks, one for each accelerator`,
        fix: `leave the sizes out, or set sizes whose product is ${accelerators}`,
      };
}

function accelerated(spec: ClusterSpec): readonly PoolSpec[] {
  return spec.pools.filter((pool) => pool.accelerator !== undefined && pool.acceleratorsPerNode > 0);
}

function nodesOf(pools: readonly PoolSpec[]): number {
  return pools.reduce((sum, pool) => sum + countableNodes(pool), 0);
}
