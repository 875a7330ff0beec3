import { ranksOf } from "../topology/model/parallelism";
import type { ClusterPlan } from "../topology/plan/plan";

/** The ranks of a node: consecutive, with the parts of the model that they hold. */
export interface RanksOfNode {
  readonly node: string;
  readonly first: number;
  readonly last: number;
  /** Pipeline stages, ascending. */
  readonly stages: readonly number[];
  /** Data parallel replicas, ascending. */
  readonly replicas: readonly number[];
}

/**
 * Where each rank lies: node by node, tensor groups innermost, then stages, then replicas (as `nodesOfTensorGroup` says).
 * Empty where the cut is not known, or where there are not as many accelerators as ranks.
 */
export function ranks({ engine: { parallelism }, nodes }: ClusterPlan): readonly RanksOfNode[] {
  const total = nodes.reduce((sum, { acceleratorCount }) => sum + acceleratorCount, 0);
  if (parallelism === undefined || ranksOf(parallelism) !== total) {
    return [];
  }
  const { tensor, pipeline, prefillContext = 1 } = parallelism;
  const group = tensor * prefillContext;
  let next = 0;
  return nodes
    .filter(({ acceleratorCount }) => acceleratorCount > 0)
    .map(({ name, acceleratorCount }) => {
      const first = next;
      next += acceleratorCount;
      const own = Array.from({ length: acceleratorCount }, (_, index) => Math.floor((first + index) / group));
      return {
        node: name,
        first,
        last: next - 1,
        stages: distinct(own.map((index) => index % pipeline)),
        replicas: distinct(own.map((index) => Math.floor(index / pipeline))),
      };
    });
}

/** `stage 0`, `stages 0-1`. */
export function span(noun: string, numbers: readonly number[]): string {
  return numbers.length === 1
    ? `${noun} ${numbers[0]}`
    : `${noun}s ${numbers[0]}-${numbers[numbers.length - 1]}`;
}

function distinct(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
