import type { NodePool } from "../../topology/declaration/cluster-props";
import { isInService } from "./host-machine";
import { inPoolOrder } from "../../topology/plan/pool-order";

/** Indices of each pool's machines, in node order. */
export interface Assignment {
  readonly [pool: string]: readonly number[];
}

/** Assigns machines in service to pools: by the pool that each machine names, else in the order of both lists. */
export function assign(
  machines: readonly { readonly pool?: string; readonly status?: string }[],
  pools: readonly Pick<NodePool, "name" | "nodes">[],
): Assignment {
  const indices = [...machines.keys()].filter((index) => isInService(machines[index]));
  if (indices.every((index) => machines[index].pool === undefined)) {
    return inPoolOrder(indices, pools);
  }
  return Object.fromEntries(
    pools.map(({ name }) => [name, indices.filter((index) => machines[index].pool === name)]),
  );
}
