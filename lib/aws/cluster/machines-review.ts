import { findInstanceNetwork } from "../../catalog/instance-types";
import { code, table } from "../../review/table";
import { imageOf } from "./backend-spec";
import { Capacity, type CapacityKind } from "../pool/capacity";
import { known } from "../known";
import { addressesOf, efaDevicesOf, nicLayout, NicLayout } from "../pool/nic-layout";
import type { AwsNodePoolProps } from "../pool/node-pool-props";
import { hourlyPrice, priceText } from "../account/prices";

const PAID: { readonly [kind in CapacityKind]: string } = {
  "on-demand": "on demand",
  reservation: "reservation",
  "capacity-block": "Capacity Block",
  "ultra-server-block": "UltraServer block",
  spot: "spot",
};

interface PoolOfReview {
  readonly name: string;
  readonly machines: AwsNodePoolProps;
}

/** The machines that a deployment makes, and what they cost. */
export function machinesReview(pools: readonly PoolOfReview[]): readonly string[] {
  const machines = pools.map((pool) => pool.machines);
  return [
    ...table(
      ["pool", "machines", "instance type", "paid", "network interfaces", "machine image", "root volume"],
      pools.map(row),
      "None.",
    ),
    "",
    `- price of the machines: ${priceText(hourlyPrice(machines))}; storage and traffic come on top, and reservations, blocks and spot cost differently`,
    "- nothing is planned before somebody has agreed to that price (`consentUsdPerHour`)",
  ];
}

function row({ name, machines }: PoolOfReview): readonly string[] {
  const { instanceType, nodes, rootVolumeGiB = 200 } = machines;
  return [
    name,
    String(nodes),
    code(instanceType),
    paid(machines.capacity ?? Capacity.onDemand()),
    interfaces(machines),
    code(known(imageOf(machines).imageId) ?? "known at apply"),
    `${rootVolumeGiB} GiB`,
  ];
}

function paid({ kind, id }: Capacity): string {
  const name = known(id);
  return name === undefined ? PAID[kind] : `${PAID[kind]} ${code(name)}`;
}

function interfaces({ instanceType, fabric, nicLayout: layout }: AwsNodePoolProps): string {
  const cards = findInstanceNetwork(instanceType);
  const nics = (cards && nicLayout(cards, layout ?? NicLayout.RECOMMENDED, fabric.id === "efa")) ?? [];
  return `${nics.length}, ${efaDevicesOf(nics)} with EFA, ${addressesOf(nics)} with an address`;
}
