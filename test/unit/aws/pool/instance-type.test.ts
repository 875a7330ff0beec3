import { AwsInstanceType } from "../../../../lib/aws/pool/instance-type";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
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
  for (const { id, devices } of allInstanceTypes()) {
    const type = AwsInstanceType.of(id);
    expect([id, type.acceleratorsPerNode > 0, type.accelerator !== undefined]).toEqual([
      id,
      devices > 0,
      devices > 0,
    ]);
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

test("a declared type counts what Ray counts, and has no price where none is declared", () => {
  const facts = { name: "trn9.large", vCpus: 8, memoryGiB: 32 };
  const own = AwsInstanceType.fromFacts({ ...facts, accelerator: Accelerator.TRAINIUM, devices: 2 });
  // A chip has two cores.
  expect(own.nodePool("chips", 1)).toMatchObject({ machineType: "trn9.large", acceleratorsPerNode: 4 });
  expect(own.onDemandUsdPerHour).toBeUndefined();
  expect(AwsInstanceType.fromFacts({ ...facts, onDemandUsdPerHour: 2 }).onDemandUsdPerHour).toBe(2);
  expect(AwsInstanceType.fromFacts(facts).nodePool("head", 1)).toMatchObject({
    accelerator: undefined,
    acceleratorsPerNode: 0,
  });
});
