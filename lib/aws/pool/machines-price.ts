import type { PricedPart } from "../../review/place-facts";
import { paid } from "./capacity-text";
import { priceSource } from "./instance-facts";
import type { PoolMachines } from "./pool-machines";

/** Machines of one pool, by the catalogue's list. */
export function machinesPrice({ instanceType, nodes, capacity, facts: { price } }: PoolMachines): PricedPart {
  const how = capacity.kind === "on-demand" ? "" : `; these are paid otherwise: ${paid(capacity)}`;
  return {
    what: instanceType,
    count: nodes,
    usdPerHour: price?.onDemandUsdPerHour,
    source: price === undefined ? "no list price is known" : `${priceSource(price)}${how}`,
  };
}
