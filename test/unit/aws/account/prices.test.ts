import { hourlyPrice, priceText } from "../../../../lib/aws/account/prices";

test("machines of several types, each by the list", () => {
  const price = hourlyPrice([
    { instanceType: "p5.48xlarge", nodes: 4 },
    { instanceType: "p4d.24xlarge", nodes: 1 },
  ]);
  // 4 x 55.04 + 21.9576, in whole cents, upwards.
  expect(price).toMatchObject({ usdPerHour: 242.12, unknownTypes: [] });
  expect(priceText(price)).toMatch(
    /^242\.12 USD per hour \(on demand in us-east-1, price list of 2026-\d\d-\d\d\)$/,
  );
});

test("a type that no list names is said, once, and adds nothing", () => {
  const price = hourlyPrice([
    { instanceType: "p5e.48xlarge", nodes: 2 },
    { instanceType: "p5e.48xlarge", nodes: 2 },
    { instanceType: "p5.48xlarge", nodes: 1 },
  ]);
  expect(price).toMatchObject({ usdPerHour: 55.04, unknownTypes: ["p5e.48xlarge"] });
  expect(priceText(price)).toMatch(
    /^55\.04 USD .*, and an amount for p5e\.48xlarge that no price list here names$/,
  );
  expect(hourlyPrice([{ instanceType: "p5e.48xlarge", nodes: 2 }]).list).toBeUndefined();
});
