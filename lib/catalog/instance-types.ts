import { findAccelerator } from "./accelerators";
import type { FactRow } from "./facts";
import networkRows from "./instance-networks.json";
import priceRows from "./instance-prices.json";
import typeRows from "./instance-types.json";

/** What a cloud's machine of one type has inside. */
export interface InstanceType extends FactRow {
  readonly id: string;
  readonly acceleratorTitle: string;
  /** Row of `accelerators.json`. */
  readonly accelerator: string;
  /** GPUs or chips, as the cloud counts them. */
  readonly devices: number;
  /** Usable memory of one device. */
  readonly deviceMemoryGiB: number;
  readonly vCpus: number;
  readonly memoryGiB: number;
  /** Local disks, lost when the machine stops. */
  readonly instanceStoreDisks: number;
  readonly instanceStoreDiskGB: number;
  readonly architecture: "x86_64" | "arm64";
  /** Generation of the Nitro card. */
  readonly nitro: number;
  readonly spot: boolean;
  readonly capacityBlock: boolean;
  /** Launched only as a part of a larger machine that is reserved as a whole. */
  readonly ultraServerOnly: boolean;
  readonly note?: string;
}

/** How a machine of one type is connected. */
export interface InstanceNetwork extends FactRow {
  readonly id: string;
  /** `null`: the source gives none. */
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
  readonly rdmaRead: boolean;
  readonly rdmaWrite: boolean;
  readonly note?: string;
}

export interface InstancePrice extends FactRow {
  readonly id: string;
  readonly region: string;
  readonly onDemandUsdPerHour: number;
  /** Day of the price list. */
  readonly priceDate: string;
}

const types = byId(typeRows as readonly InstanceType[]);
const networks = byId(networkRows as readonly InstanceNetwork[]);
const prices = byId(priceRows as readonly InstancePrice[]);

/** All instance types, in the order of the catalogue. */
export function allInstanceTypes(): readonly InstanceType[] {
  return [...types.values()];
}

/** Facts of an instance type; `undefined` for an unknown one. */
export function findInstanceType(id: string): InstanceType | undefined {
  return types.get(id);
}

/** Network cards of an instance type; `undefined` for an unknown one. */
export function findInstanceNetwork(id: string): InstanceNetwork | undefined {
  return networks.get(id);
}

/** Price without commitment; `undefined` where the price list has none. */
export function findInstancePrice(id: string): InstancePrice | undefined {
  return prices.get(id);
}

/** Instance types that have an accelerator of the catalogue, most devices first. */
export function instanceTypesWith(accelerator: string): readonly InstanceType[] {
  return allInstanceTypes()
    .filter((type) => type.accelerator === accelerator)
    .sort((a, b) => b.devices - a.devices);
}

/** What Ray counts on a machine of this type: its GPUs, or the cores of its chips. */
export function acceleratorsOfInstance(type: InstanceType): number {
  // Every type's accelerator has a row (test/unit/catalog/instance-types.test.ts).
  return type.devices * (findAccelerator(type.accelerator)?.acceleratorsPerDevice ?? 1);
}

function byId<T extends { readonly id: string }>(rows: readonly T[]): ReadonlyMap<string, T> {
  return new Map(rows.map((row) => [row.id, row]));
}
