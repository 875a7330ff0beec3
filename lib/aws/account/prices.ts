import { findInstancePrice } from "../../catalog/instance-types";

/** So many machines of one type. */
export interface Machines {
  readonly instanceType: string;
  readonly nodes: number;
}

/** What machines cost each hour by the catalogue's list, without commitment. */
export interface HourlyPrice {
  /** Of the machines whose price is known. */
  readonly usdPerHour: number;
  /** Types without a price in the list. */
  readonly unknownTypes: readonly string[];
  /** Day and region of the list. @default - no price is known */
  readonly list?: string;
}

export function hourlyPrice(machines: readonly Machines[]): HourlyPrice {
  const priced = machines.map(({ instanceType, nodes }) => ({
    instanceType,
    nodes,
    price: findInstancePrice(instanceType),
  }));
  const newest = priced
    .flatMap(({ price }) => price ?? [])
    .sort((a, b) => (a.priceDate < b.priceDate ? 1 : -1));
  return {
    usdPerHour: round(
      priced.reduce((sum, { nodes, price }) => sum + nodes * (price?.onDemandUsdPerHour ?? 0), 0),
    ),
    unknownTypes: [
      ...new Set(priced.filter(({ price }) => price === undefined).map(({ instanceType }) => instanceType)),
    ],
    list:
      newest.length === 0
        ? undefined
        : `on demand in ${newest[0].region}, price list of ${newest[0].priceDate}`,
  };
}

/** As a person reads it. */
export function priceText({ usdPerHour, unknownTypes, list }: HourlyPrice): string {
  const known = list === undefined ? [] : [`${usdPerHour.toFixed(2)} USD per hour (${list})`];
  const unknown =
    unknownTypes.length === 0
      ? []
      : [`an amount for ${unknownTypes.join(", ")} that no price list here names`];
  return [...known, ...unknown].join(", and ");
}

/** Cents, upwards: no consent is a fraction of one short. */
function round(usd: number): number {
  return Math.ceil(Math.round(usd * 1e4) / 100) / 100;
}
