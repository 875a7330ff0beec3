import type { NodePool } from "../../topology/declaration/cluster-props";
import type { HostMachine } from "./host-machine";

/** The machines of each pool, in node order. */
export interface Assignment {
  readonly [pool: string]: readonly HostMachine[];
}

/**
 * Which machine is which node: by the pool that a machine names, else in the order of both lists. Machines
 * beyond the last node stay with the last pool, so that the plan says that there are too many (RC021).
 */
export function assign(
  machines: readonly HostMachine[],
  pools: readonly Pick<NodePool, "name" | "nodes">[],
): Assignment {
  if (machines.some((machine) => machine.pool !== undefined)) {
    const named = (pool: string) => machines.filter((machine) => machine.pool === pool);
    return Object.fromEntries(pools.map(({ name }) => [name, named(name)]));
  }
  let next = 0;
  const slices = pools.map(({ name, nodes }, index): [string, readonly HostMachine[]] => {
    const isLast = index === pools.length - 1;
    const slice = machines.slice(next, isLast ? undefined : next + nodes);
    next += slice.length;
    return [name, slice];
  });
  return Object.fromEntries(slices);
}
