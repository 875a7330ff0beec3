import { allModels, findModel } from "../../../catalog/models";
import type { ErrorFinding, Found, Rule } from "../../../problems/rule";
import { didYouMean, show } from "../../../problems/text";
import type { Model } from "../../model/model";
import { ranksOf, showParallelism } from "../../model/parallelism";
import { type ClusterSpec, countableNodes, type PoolSpec } from "../../plan/spec";
import type { ClusterRule } from "../rule";
import { sizesAreCounts } from "./model-cut-rules";
import { modelRules } from "./model-rules";
import type { ModelPlan } from "./model-structure";

/** Rules that look at memory, which emulated accelerators have none of. */
const MEMORY_RULES = ["RC108", "RC109"];

/** Sizes that other rules judge where they are declared. */
const DECLARED_ELSEWHERE = ["nodes", "acceleratorsPerNode"];

/** The rules of models for a declaration: they apply where the cluster knows its model and how it is split. */
export const clusterModelRules: readonly ClusterRule[] = [
  ...modelRules.map(onCluster),
  {
    id: "RC113",
    level: "error",
    title: "There are as many ranks as accelerators, also without a known model",
    why: "The engine places one rank on each accelerator: with fewer ranks it refuses to start, with more it waits forever.",
    check: checkRanks,
  },
  {
    id: "RC116",
    level: "error",
    title: "A model that is named by its key is in the catalogue",
    why: "Without its numbers nothing of it can be checked.",
    check: ({ modelSource }) => {
      const id = modelSource?.model?.id;
      return id === undefined || findModel(id)
        ? []
        : {
            path: "model",
            got: show(id),
            must: "be the key of a model in the catalogue",
            fix: didYouMean(
              id,
              allModels().map((model) => model.id),
              "use Model.fromConfig or Model.fromNumbers for any other model",
            ),
          };
    },
  },
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
    return emulated && MEMORY_RULES.includes(id) ? [] : declared([check(plan)].flat() as Item[], spec);
  };
}

/** The model on the cluster; `undefined` where the model, its cut or the accelerators are not known. */
export function modelPlanOf(spec: ClusterSpec): ModelPlan | undefined {
  const { model, engine } = spec;
  return model && planOf(spec, model, engine);
}

function planOf(spec: ClusterSpec, model: Model, engine: ClusterSpec["engine"]): ModelPlan | undefined {
  const pools = accelerated(spec);
  const { parallelism, sizing } = engine;
  if (parallelism === undefined || pools.length === 0) {
    return undefined;
  }
  return {
    model,
    parallelism,
    nodes: nodesOf(pools),
    acceleratorsPerNode: pools[0].acceleratorsPerNode,
    // Ranks of one engine must fit the smallest.
    acceleratorMemoryGiB: Math.min(...pools.map((pool) => pool.accelerator?.memoryGiB ?? Infinity)),
    fabric: spec.fabric,
    // A model given by its numbers may have no longest sequence: one token asks nothing of the cache.
    contextTokens: sizing?.contextTokens ?? (model.shape.maximumContextTokens || 1),
    concurrentSequences: sizing?.concurrentSequences ?? 1,
    memoryUtilization: sizing?.memoryUtilization,
    collective: spec.collective,
  };
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
