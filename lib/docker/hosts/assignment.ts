import type { NodePool } from "../../topology/declaration/cluster-props";
import { inPoolOrder } from "../../topology/plan/pool-order";

/** Indices of each pool's machines, in node order. */
export interface Assignment {
  readonly [pool: string]: readonly number[];
}

/** Assigns machines to pools: by the pool that each machine names, else in the order of both lists. */
export function assign(
  machines: readonly { readonly pool?: string }[],
  pools: readonly Pick<NodePool, "name" | "nodes">[],
): Assignment {
  const indices = machines.map((_, index) => index);
  if (machines.every(({ pool }) => pool === undefined)) {
    return inPoolOrder(indices, pools);
  }
  return Object.fromEntries(
    pools.map(({ name }) => [name, indices.filter((index) => machines[index].pool === name)]),
  );
}
