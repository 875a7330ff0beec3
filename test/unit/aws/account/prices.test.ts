import { hourlyPrice } from "../../../../lib/aws/account/prices";

test("the price of several types is the sum by the list, in whole cents and rounded up", () => {
  const price = hourlyPrice([
    { instanceType: "p5.48xlarge", nodes: 4 },
    { instanceType: "p4d.24xlarge", nodes: 1 },
  ]);
  // 4 x 55.04 + 21.9576.
  expect(price).toMatchObject({ usdPerHour: 242.12, machines: "4 x p5.48xlarge, 1 x p4d.24xlarge" });
  expect(price.text).toMatch(
    /^242\.12 USD per hour \(on demand in us-east-1, price list of 2026-\d\d-\d\d\)$/,
  );
});

test("a type without a list price is named once and adds nothing", () => {
  const price = hourlyPrice([
    { instanceType: "p5e.48xlarge", nodes: 2 },
    { instanceType: "p5e.48xlarge", nodes: 2 },
    { instanceType: "p5.48xlarge", nodes: 1 },
  ]);
  expect(price.usdPerHour).toBe(55.04);
  expect(price.text).toMatch(/^55\.04 USD .*\) and an unknown amount \(no list price of p5e\.48xlarge\)$/);
});

test("only types without a list price cost an unknown amount", () => {
  expect(hourlyPrice([{ instanceType: "p5e.48xlarge", nodes: 2 }])).toEqual({
    usdPerHour: 0,
    text: "an unknown amount (no list price of p5e.48xlarge)",
    machines: "2 x p5e.48xlarge",
  });
});
