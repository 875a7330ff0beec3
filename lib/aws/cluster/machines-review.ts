import { code, table } from "../../review/table";
import type { HourlyPrice } from "../account/prices";
import { known } from "../known";
import { paid } from "../pool/capacity-text";
import { addressesOf, efaDevicesOf } from "../pool/nic-layout";
import type { PoolMachines } from "../pool/pool-machines";
import type { SitePool } from "./site-decisions";

/** The machines that a deployment creates, and what they cost. */
export function machinesReview(pools: readonly SitePool[], price: HourlyPrice): readonly string[] {
  return [
    ...table(
      ["pool", "machines", "instance type", "paid", "network interfaces", "machine image", "root volume"],
      pools.map(row),
      "None.",
    ),
    "",
    `- price of the machines: ${price.text}; storage and traffic are not included; reservations, Capacity Blocks and spot have other prices`,
    "- nothing is planned before a limit of at least that price is set (`maxUsdPerHour`)",
  ];
}

function row({ pool, machines }: SitePool): readonly string[] {
  const { instanceType, nodes, capacity, machineImage, rootVolumeGiB } = machines;
  return [
    pool.name,
    String(nodes),
    code(instanceType),
    paid(capacity),
    interfaces(machines),
    code(known(machineImage.imageId) ?? "known at apply"),
    `${rootVolumeGiB} GiB`,
  ];
}

function interfaces({ nics = [] }: PoolMachines): string {
  return `${nics.length}, ${efaDevicesOf(nics)} with EFA, ${addressesOf(nics)} with an address`;
}
