import type { FactRow } from "../../catalog/facts";
import {
  findInstanceNetwork,
  findInstancePrice,
  findInstanceType,
  type InstanceNetwork,
  type InstancePrice,
  type InstanceType,
} from "../../catalog/instance-types";

/** What is known of an instance type: declared by the user, else by the catalogue. */
export interface InstanceFacts {
  /** Its hardware. @default - the type is unknown */
  readonly type?: Omit<InstanceType, keyof FactRow | "deviceMemoryGiB">;
  /** Its network. @default - the type is unknown */
  readonly network?: Pick<InstanceNetwork, "networkCards" | "efaCards" | "maximumIpCards"> &
    Partial<Pick<InstanceNetwork, "bandwidthGbps">>;
  /** Its price. @default - unknown */
  readonly price?: OnDemandPrice;
}

/** Price of a machine without commitment, and whose list has it. */
export type OnDemandPrice =
  Pick<InstancePrice, "onDemandUsdPerHour" | "region" | "priceDate"> | DeclaredPrice;

/** A price that the user has declared. */
export interface DeclaredPrice {
  readonly onDemandUsdPerHour: number;
  readonly region?: undefined;
}

/** What the catalogue holds of an instance type. */
export function catalogueFacts(instanceType: string): InstanceFacts {
  return {
    type: findInstanceType(instanceType),
    network: findInstanceNetwork(instanceType),
    price: findInstancePrice(instanceType),
  };
}

/** Where a price comes from, e.g. `on demand in us-east-1, price list of 2026-07-20`. */
export function priceSource(price: OnDemandPrice): string {
  return price.region === undefined
    ? "as declared"
    : `on demand in ${price.region}, price list of ${price.priceDate}`;
}
