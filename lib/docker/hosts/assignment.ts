import type { NodePool } from "../../topology/declaration/cluster-props";

/** Indices of each pool's machines, in node order. */
export interface Assignment {
  readonly [pool: string]: readonly number[];
}

/**
 * Assigns machines to pools: by the pool that each machine names, else in the order of both lists. Machines beyond the
 * last node stay in the last pool, so that the plan reports that there are too many (RC021).
 */
export function assign(
  machines: readonly { readonly pool?: string }[],
  pools: readonly Pick<NodePool, "name" | "nodes">[],
): Assignment {
  const indices = machines.map((_, index) => index);
  if (machines.some(({ pool }) => pool !== undefined)) {
    return Object.fromEntries(
      pools.map(({ name }) => [name, indices.filter((index) => machines[index].pool === name)]),
    );
  }
  let next = 0;
  const slices = pools.map(({ name, nodes }, index): [string, readonly number[]] => {
    const isLast = index === pools.length - 1;
    const slice = indices.slice(next, isLast ? undefined : next + nodes);
    next += slice.length;
    return [name, slice];
  });
  return Object.fromEntries(slices);
}
