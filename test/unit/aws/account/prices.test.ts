import { hourlyPrice, type Machines } from "../../../../lib/aws/account/prices";
import { catalogueFacts } from "../../../../lib/aws/pool/instance-facts";

const of = (instanceType: string, nodes: number): Machines => ({
  instanceType,
  nodes,
  facts: catalogueFacts(instanceType),
});

test("the price of several types is the sum by the list, in whole cents and rounded up", () => {
  const price = hourlyPrice([of("p5.48xlarge", 4), of("p4d.24xlarge", 1)]);
  // 4 x 55.04 + 21.9576.
  expect(price).toMatchObject({ usdPerHour: 242.12, machines: "4 x p5.48xlarge, 1 x p4d.24xlarge" });
  expect(price.text).toMatch(
    /^242\.12 USD per hour \(on demand in us-east-1, price list of 2026-\d\d-\d\d\)$/,
  );
});

test("a type without a list price is named once and adds nothing", () => {
  const price = hourlyPrice([of("p5e.48xlarge", 2), of("p5e.48xlarge", 2), of("p5.48xlarge", 1)]);
  expect(price.usdPerHour).toBe(55.04);
  expect(price.text).toMatch(/^55\.04 USD .*\) and an unknown amount \(no list price of p5e\.48xlarge\)$/);
});

test("only types without a list price cost an unknown amount", () => {
  expect(hourlyPrice([of("p5e.48xlarge", 2)])).toEqual({
    usdPerHour: 0,
    text: "an unknown amount (no list price of p5e.48xlarge)",
    machines: "2 x p5e.48xlarge",
  });
});

test("a declared price is counted and named beside the list's", () => {
  const own = { instanceType: "m9.large", nodes: 1, facts: { price: { onDemandUsdPerHour: 1.5 } } };
  const { usdPerHour, text } = hourlyPrice([own, of("p5.48xlarge", 1)]);
  expect(usdPerHour).toBe(56.54);
  expect(text).toMatch(/^56\.54 USD per hour \(as declared; on demand in us-east-1, price list of /);
});
