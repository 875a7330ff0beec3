/** Items pool by pool, in order. Those beyond the last node stay in the last pool: the plan reports both (RC021). */
export function inPoolOrder<Item>(
  items: readonly Item[],
  pools: readonly { readonly name: string; readonly nodes: number }[],
): { readonly [pool: string]: readonly Item[] } {
  let next = 0;
  const slices = pools.map(({ name, nodes }, index): [string, readonly Item[]] => {
    const slice = items.slice(next, index === pools.length - 1 ? undefined : next + nodes);
    next += slice.length;
    return [name, slice];
  });
  return Object.fromEntries(slices);
}
