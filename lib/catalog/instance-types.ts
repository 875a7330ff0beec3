import { findAccelerator } from "./accelerators";
import type { FactRow } from "./facts";
import networkRows from "./instance-networks.json";
import priceRows from "./instance-prices.json";
import typeRows from "./instance-types.json";
import { table } from "./table";

/** The hardware of an instance type. */
export interface InstanceType extends FactRow {
  readonly id: string;
  /** Row of `accelerators.json`; `null`: it has none. */
  readonly accelerator: string | null;
  /** GPUs or chips, as the cloud counts them. */
  readonly devices: number;
  /** Usable memory of one device. */
  readonly deviceMemoryGiB: number;
  readonly vCpus: number;
  readonly memoryGiB: number;
  /** Local disks, lost when the machine stops. */
  readonly instanceStoreDisks: number;
  /** Size of one; 0: there are none. */
  readonly instanceStoreDiskGB: number;
  readonly architecture: "x86_64" | "arm64";
  /** Generation of the Nitro card. */
  readonly nitro: number;
  readonly spot: boolean;
  readonly capacityBlock: boolean;
  /** Launched only as a part of a larger machine that is reserved as a whole. */
  readonly ultraServerOnly: boolean;
}

/** The network of an instance type. */
export interface InstanceNetwork extends FactRow {
  readonly id: string;
  /** Of all cards together; `null`: it is shared, and differs. */
  readonly bandwidthGbps: number | null;
  readonly networkCards: number;
  /** Network interfaces that one card takes; `null`: it differs or is not stated. */
  readonly interfacesPerCard: number | null;
  /** Cards on which the advised layout has an EFA interface; empty: the type has no EFA. */
  readonly efaCards: readonly number[];
  /** Cards that get a second, IP-bearing interface where IP bandwidth counts most; empty: no such advice. */
  readonly maximumIpCards: readonly number[];
  /** `null`: no EFA. */
  readonly efaGeneration: number | null;
}

export interface InstancePrice extends FactRow {
  readonly id: string;
  readonly region: string;
  readonly onDemandUsdPerHour: number;
  /** Day of the price list. */
  readonly priceDate: string;
}

export const { all: allInstanceTypes, find: findInstanceType } = table<InstanceType>(
  "instance type",
  typeRows,
);
export const { find: findInstanceNetwork } = table<InstanceNetwork>("instance network", networkRows);
/** Price without commitment; `undefined` where the price list has none. */
export const { find: findInstancePrice } = table<InstancePrice>("instance price", priceRows);

/** What Ray counts on a machine of this type: its GPUs, or the cores of its chips. */
export function acceleratorsOfInstance(type: Pick<InstanceType, "accelerator" | "devices">): number {
  // Every type's accelerator has a row (test/unit/catalog/instance-types.test.ts).
  const accelerator = type.accelerator === null ? undefined : findAccelerator(type.accelerator);
  return type.devices * (accelerator?.acceleratorsPerDevice ?? 1);
}
