import type { Model } from "../../model/model";
import { ranksOf, showParallelism } from "../../model/parallelism";
import { type ClusterSpec, countableNodes, type PoolSpec } from "../../plan/spec";
import { sizesAreCounts } from "./model-cut-rules";
import { modelRules } from "./model-rules";
import type { ModelPlan } from "./model-structure";
import type { Finding, Rule } from "../rule";

/** Rules that look at memory, which emulated accelerators have none of. */
const MEMORY_RULES = ["RC108", "RC109"];

/** Sizes that other rules judge where they are declared. */
const DECLARED_ELSEWHERE = ["nodes", "acceleratorsPerNode"];

/** The rules of models for a declaration: they hold where the cluster knows its model and how it is cut. */
export const clusterModelRules: readonly Rule[] = [
  ...modelRules.map(({ id, level, title, why, check }): Rule => ({
    id,
    level,
    title,
    why,
    check: (spec) => {
      const plan = modelPlanOf(spec);
      if (plan === undefined || (id !== "RC100" && !sizesAreCounts(plan))) {
        return [];
      }
      const emulated = accelerated(spec).some((pool) => pool.accelerator?.emulated);
      return emulated && MEMORY_RULES.includes(id) ? [] : declared(check(plan), spec);
    },
  })),
  {
    id: "RC113",
    level: "error",
    title: "Without a known model, too, the ranks are as many as the accelerators",
    why: "The engine places one rank on each accelerator: with fewer ranks it refuses to start, with more it waits for ever.",
    check: checkRanks,
  },
];

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

/** Findings under the names by which the engine takes the sizes. */
function declared(findings: readonly Finding[], { engine }: ClusterSpec): readonly Finding[] {
  const names: { readonly [path: string]: string } = {
    "engine.contextTokens": `engine.${engine.sizing?.contextProperty ?? "contextTokens"}`,
    "engine.memoryUtilization": `engine.${engine.sizing?.memoryProperty ?? "memoryUtilization"}`,
    "engine.concurrentSequences": "engine.plannedSequences",
  };
  return findings
    .filter(({ path }) => !DECLARED_ELSEWHERE.includes(path))
    .map((finding) => ({ ...finding, path: names[finding.path] ?? finding.path }));
}

function checkRanks(spec: ClusterSpec): readonly Finding[] {
  const { parallelism } = spec.engine;
  const pools = accelerated(spec);
  if (spec.model !== undefined || parallelism === undefined || pools.length === 0) {
    return [];
  }
  const accelerators = pools.reduce((sum, pool) => sum + countableNodes(pool) * pool.acceleratorsPerNode, 0);
  const ranks = ranksOf(parallelism);
  return ranks === accelerators
    ? []
    : [
        {
          path: "engine.tensorParallelSize",
          got: `${showParallelism(parallelism)}: ${ranks} ranks`,
          allowed: `must make as many ranks as there are accelerators (${accelerators})`,
          fix: "leave the sizes out, or let their product be that number",
        },
      ];
}

function accelerated(spec: ClusterSpec): readonly PoolSpec[] {
  return spec.pools.filter((pool) => pool.accelerator !== undefined && pool.acceleratorsPerNode > 0);
}

function nodesOf(pools: readonly PoolSpec[]): number {
  return pools.reduce((sum, pool) => sum + countableNodes(pool), 0);
}
