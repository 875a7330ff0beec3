import type { PlaceFacts, PricedPart } from "./place-facts";

/** Hours of a month, as clouds count them: 8760 a year. */
export const HOURS_OF_MONTH = 730;

/** What a cluster or a stack costs. Numbers are USD. */
export interface Money {
  /** Of the parts whose price is known. */
  readonly perHour: number;
  readonly perDay: number;
  readonly perMonth: number;
  readonly parts: readonly PricedPart[];
  /** Parts without a known price, which come on top. */
  readonly unknown: readonly string[];
  /** Agreed limit per hour; `late`: it comes with the plan; `none`: nobody has agreed; `null`: none is asked for. */
  readonly limit: number | "late" | "none" | null;
  /** What a deployment costs that never serves, until it gives up. `null`: nothing is paid or waited for. */
  readonly neverServing: number | null;
  /** Whether the machines end by themselves then; else they go on. */
  readonly endsAfterFailure: boolean;
}

export function moneyOf({
  prices = [],
  limitUsdPerHour,
  givesUpAfterSeconds,
  endsAfterFailure = false,
}: Partial<PlaceFacts>): Money {
  const perHour = cents(prices.reduce((sum, { count, usdPerHour = 0 }) => sum + count * usdPerHour, 0));
  return {
    ...over(perHour),
    parts: prices,
    unknown: prices.filter(({ usdPerHour }) => usdPerHour === undefined).map(({ what }) => what),
    limit: limitUsdPerHour ?? null,
    neverServing:
      givesUpAfterSeconds === undefined || perHour === 0
        ? null
        : cents((perHour * givesUpAfterSeconds) / 3600),
    endsAfterFailure,
  };
}

/** The sum of several; a limit is one cluster's own. */
export function sumOf(all: readonly Money[]): Money {
  const never = all.flatMap(({ neverServing }) => neverServing ?? []);
  return {
    ...over(cents(all.reduce((sum, { perHour }) => sum + perHour, 0))),
    parts: all.flatMap(({ parts }) => parts),
    unknown: [...new Set(all.flatMap(({ unknown }) => unknown))],
    limit: all.length === 1 ? all[0].limit : null,
    neverServing: never.length === 0 ? null : cents(never.reduce((sum, one) => sum + one, 0)),
    endsAfterFailure: all.length > 0 && all.every((one) => one.endsAfterFailure),
  };
}

/** `220.16 USD an hour, 5,284 a day, 160,717 a month`. */
export function moneyText({ perHour, perDay, perMonth }: Money): string {
  return `**${perHour.toFixed(2)} USD an hour**, ${whole(perDay)} a day, ${whole(perMonth)} a month`;
}

export function whole(usd: number): string {
  return Math.round(usd)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

function over(perHour: number) {
  return { perHour, perDay: cents(perHour * 24), perMonth: cents(perHour * HOURS_OF_MONTH) };
}

/** Rounded up to a cent; a limit of this amount is never short. */
function cents(usd: number): number {
  return Math.ceil(Math.round(usd * 1e4) / 100) / 100;
}
