import type { Model } from "../../lib/topology/model/model";
import { deriveParallelism, type ParallelismRequest } from "../../lib/topology/model/parallelism";
import type { ModelPlan } from "../../lib/topology/rules/model/model-structure";

/** A model on nodes of eight accelerators with 80 GiB each, for one sequence of 4096 tokens. */
export function modelPlan(
  model: Model,
  nodes: number,
  change: Partial<ModelPlan> = {},
  request: Partial<ParallelismRequest> = {},
): ModelPlan {
  const acceleratorsPerNode = change.acceleratorsPerNode ?? 8;
  return {
    model,
    nodes,
    acceleratorsPerNode,
    parallelism: deriveParallelism({ nodes, acceleratorsPerNode, ...request }),
    acceleratorMemoryGiB: 80,
    fabric: "efa",
    contextTokens: 4096,
    concurrentSequences: 1,
    ...change,
  };
}
