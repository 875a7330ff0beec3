import { AwsInstanceType } from "../../../../lib/aws/pool/instance-type";
import { allInstanceTypes } from "../../../../lib/catalog/instance-types";

test.each([
  ["p5.48xlarge", "h100", 8],
  ["p6-b300.48xlarge", "b300", 8],
  // What Ray counts are the cores of the chips.
  ["trn1.32xlarge", "trainium", 32],
  ["trn2.48xlarge", "trainium2", 64],
])("%s has %s, %d of them", (name, accelerator, count) => {
  const type = AwsInstanceType.of(name);
  expect(type).toMatchObject({ name, acceleratorsPerNode: count });
  expect(type.nodePool("gpu", 3)).toEqual({
    name: "gpu",
    nodes: 3,
    accelerator: type.accelerator,
    acceleratorsPerNode: count,
  });
  expect(type.accelerator.id).toBe(accelerator);
});

test("every type of the catalogue makes a pool", () => {
  for (const { id } of allInstanceTypes()) {
    expect(AwsInstanceType.of(id).acceleratorsPerNode).toBeGreaterThan(0);
  }
});

test("a price is that of the list, or none", () => {
  expect(AwsInstanceType.of("p5.48xlarge").onDemandUsdPerHour).toBe(55.04);
  expect(AwsInstanceType.of("p5e.48xlarge").onDemandUsdPerHour).toBeUndefined();
});

test("an unknown type is refused with what is known", () => {
  expect(() => AwsInstanceType.of("p5.48xlarg")).toThrow(
    /^the catalogue has no instance type 'p5\.48xlarg': did you mean 'p5\.48xlarge'\? \(known: p3dn\.24xlarge, /,
  );
});
