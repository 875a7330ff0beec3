import { type InstanceFacts, priceSource } from "../pool/instance-facts";

/** So many machines of one type. */
export interface Machines {
  readonly instanceType: string;
  readonly nodes: number;
  /** What is known of the type. */
  readonly facts: InstanceFacts;
}

/** What machines cost each hour by the catalogue's list, without commitment. */
export interface HourlyPrice {
  /** Of the machines whose price is known. */
  readonly usdPerHour: number;
  /** E.g. `220.16 USD per hour (on demand in us-east-1, price list of 2026-07-20)`. */
  readonly text: string;
  /** The machines, e.g. `4 x p5.48xlarge`. */
  readonly machines: string;
}

export function hourlyPrice(machines: readonly Machines[]): HourlyPrice {
  const prices = machines.map(({ facts }) => facts.price);
  const usdPerHour = inCents(
    machines.reduce((sum, { nodes }, index) => sum + nodes * (prices[index]?.onDemandUsdPerHour ?? 0), 0),
  );
  const sources = [...new Set(prices.flatMap((price) => (price === undefined ? [] : priceSource(price))))];
  const unlisted = machines.filter((_, index) => prices[index] === undefined);
  const amounts = [
    sources.length > 0 && `${usdPerHour.toFixed(2)} USD per hour (${sources.join("; ")})`,
    unlisted.length > 0 &&
      `an unknown amount (no list price of ${[...new Set(unlisted.map(({ instanceType }) => instanceType))].join(", ")})`,
  ];
  return {
    usdPerHour,
    text: amounts.filter(Boolean).join(" and "),
    machines: machines.map(({ nodes, instanceType }) => `${nodes} x ${instanceType}`).join(", "),
  };
}

/** Rounded up, so that a limit of this amount is never a fraction of a cent short. */
function inCents(usd: number): number {
  return Math.ceil(Math.round(usd * 1e4) / 100) / 100;
}
