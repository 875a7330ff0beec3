import { moneyOf, moneyText, sumOf } from "../../../lib/review/money";

const machines = { what: "p5.48xlarge", count: 4, usdPerHour: 55.04, source: "list" };
const lustre = { what: "Lustre", count: 1, source: "no price" };

test("hour, day, month and a deployment that never serves follow from one price", () => {
  const money = moneyOf({ prices: [machines, lustre], limitUsdPerHour: 221, givesUpAfterSeconds: 25_722 });
  expect(money).toMatchObject({
    perHour: 220.16,
    perDay: 5283.84,
    perMonth: 160716.8,
    limit: 221,
    neverServing: 1573.05,
  });
  expect(money.unknown).toEqual(["Lustre"]);
  expect(moneyText(money)).toBe("**220.16 USD an hour**, 5,284 a day, 160,717 a month");
});

test("nothing is lost where nothing is paid, or where nobody waits", () => {
  expect(moneyOf({ givesUpAfterSeconds: 100 }).neverServing).toBeNull();
  expect(moneyOf({ prices: [machines] }).neverServing).toBeNull();
});

test("the sum has the limit of a single part, and none of several", () => {
  const one = moneyOf({ prices: [machines], limitUsdPerHour: 221, givesUpAfterSeconds: 3600 });
  expect(sumOf([one]).limit).toBe(221);
  expect(sumOf([one, one])).toMatchObject({ perHour: 440.32, limit: null, neverServing: 440.32 });
  expect(sumOf([])).toMatchObject({ perHour: 0, parts: [], neverServing: null });
});
