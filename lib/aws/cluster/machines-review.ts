import { code, table } from "../../review/table";
import type { HourlyPrice } from "../account/prices";
import { known } from "../known";
import type { Capacity, CapacityKind } from "../pool/capacity";
import { addressesOf, efaDevicesOf } from "../pool/nic-layout";
import type { PoolMachines } from "../pool/pool-machines";
import type { SitePool } from "./site-decisions";

const PAID: { readonly [kind in CapacityKind]: string } = {
  "on-demand": "on demand",
  reservation: "reservation",
  "capacity-block": "Capacity Block",
  "ultra-server-block": "UltraServer block",
  spot: "spot",
};

/** The machines that a deployment creates, and what they cost. */
export function machinesReview(pools: readonly SitePool[], price: HourlyPrice): readonly string[] {
  return [
    ...table(
      ["pool", "machines", "instance type", "paid", "network interfaces", "machine image", "root volume"],
      pools.map(row),
      "None.",
    ),
    "",
    `- price of the machines: ${price.text}; storage and traffic come on top, and reservations, blocks and spot cost differently`,
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

function paid({ kind, id }: Capacity): string {
  const name = known(id);
  return name === undefined ? PAID[kind] : `${PAID[kind]} ${code(name)}`;
}

function interfaces({ nics = [] }: PoolMachines): string {
  return `${nics.length}, ${efaDevicesOf(nics)} with EFA, ${addressesOf(nics)} with an address`;
}
