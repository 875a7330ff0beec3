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
    machineType: name,
    accelerator: type.accelerator,
    acceleratorsPerNode: count,
  });
  expect(type.accelerator?.id).toBe(accelerator);
});

test("every type of the catalogue makes a pool", () => {
  for (const { id } of allInstanceTypes()) {
    expect(AwsInstanceType.of(id).acceleratorsPerNode).toBeGreaterThan(0);
  }
});

test("the price is that of the list, or undefined", () => {
  expect(AwsInstanceType.of("p5.48xlarge").onDemandUsdPerHour).toBe(55.04);
  expect(AwsInstanceType.of("p5e.48xlarge").onDemandUsdPerHour).toBeUndefined();
});

test("an unknown type keeps its name and has the accelerators of the type that was likely meant", () => {
  expect(AwsInstanceType.of("p5.48xlarg").nodePool("gpu", 4)).toMatchObject({
    machineType: "p5.48xlarg",
    accelerator: { id: "h100" },
    acceleratorsPerNode: 8,
  });
  expect(AwsInstanceType.of("p5.48xlarg").onDemandUsdPerHour).toBeUndefined();
});

test("a type that resembles no known one has no accelerators", () => {
  expect(AwsInstanceType.of("mainframe").nodePool("gpu", 4)).toEqual({
    name: "gpu",
    nodes: 4,
    machineType: "mainframe",
    accelerator: undefined,
    acceleratorsPerNode: 0,
  });
});
