import type { PricedPart } from "../../review/place-facts";
import { paid } from "./capacity-text";
import { priceSource } from "./instance-facts";
import { ROOT_VOLUME_SPEED } from "./launch-template";
import { volumesPrice } from "../service-prices";
import type { PoolMachines } from "./pool-machines";

/** Machines of one pool and their volumes, by the catalogue's lists. */
export function machinesPrices(machines: PoolMachines): readonly PricedPart[] {
  return [machinesPrice(machines), volumesPrice(machines.nodes, machines.rootVolumeGiB, ROOT_VOLUME_SPEED)];
}

function machinesPrice({ instanceType, nodes, capacity, facts: { price } }: PoolMachines): PricedPart {
  const how = capacity.kind === "on-demand" ? "" : `; these are paid otherwise: ${paid(capacity)}`;
  return {
    what: instanceType,
    count: nodes,
    usdPerHour: price?.onDemandUsdPerHour,
    source: price === undefined ? "no list price is known" : `${priceSource(price)}${how}`,
  };
}
