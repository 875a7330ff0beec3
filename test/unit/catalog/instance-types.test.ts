import { findAccelerator } from "../../../lib/catalog/accelerators";
import {
  acceleratorsOfInstance,
  allInstanceTypes,
  findInstanceNetwork,
  findInstancePrice,
  findInstanceType,
} from "../../../lib/catalog/instance-types";
import networks from "../../../lib/catalog/instance-networks.json";
import prices from "../../../lib/catalog/instance-prices.json";
import { allMachineImages, machineImageOf } from "../../../lib/catalog/machine-images";

const ids = allInstanceTypes().map(({ id }) => id);

describe("instance types", () => {
  it("cover every supported family", () => {
    const families = new Set(ids.map((id) => id.split(".")[0]));
    expect([...families].sort()).toEqual(
      "g5 g6 g6e g7 g7e inf2 m7i p3dn p4d p4de p5 p5e p5en p6-b200 p6-b300 p6e-gb200 r7i trn1 trn1n trn2".split(
        " ",
      ),
    );
  });

  it("have a network row each, and prices only for known types", () => {
    expect(networks.map(({ id }) => id)).toEqual(ids);
    expect(ids).toEqual(expect.arrayContaining(prices.map(({ id }) => id)));
  });

  const accelerated = allInstanceTypes().flatMap(({ accelerator, ...type }) =>
    accelerator === null ? [] : { accelerator, ...type },
  );

  it.each(accelerated.map((type) => [type.id, type.accelerator]))(
    "%s has an accelerator of the catalogue",
    (_, accelerator) => {
      expect(findAccelerator(accelerator)?.id).toBe(accelerator);
    },
  );

  it("without an accelerator have no devices", () => {
    const plain = allInstanceTypes().filter(({ accelerator }) => accelerator === null);
    expect(plain.length).toBeGreaterThan(0);
    expect(plain.filter(({ devices }) => devices !== 0)).toEqual([]);
  });

  it("agree with the accelerators' memory and number", () => {
    for (const type of accelerated) {
      const facts = findAccelerator(type.accelerator);
      // The driver reports up to a twelfth less than the card is sold with, as on the 310P and with ECC on GDDR6.
      const share = facts!.memoryGiB / (type.deviceMemoryGiB / facts!.acceleratorsPerDevice);
      expect([type.id, share > 11 / 12 && share < 1.02]).toEqual([type.id, true]);
      expect(acceleratorsOfInstance(type)).toBeLessThanOrEqual(facts!.maximumPerNode);
    }
  });

  it.each([
    ["p5.48xlarge", 8],
    ["p5.4xlarge", 1],
    ["trn1.32xlarge", 32],
    ["trn2.48xlarge", 64],
    ["g6.48xlarge", 8],
    ["g7.12xlarge", 2],
    ["p6e-gb200.36xlarge", 4],
    ["inf2.48xlarge", 24],
  ])("%s counts %s for Ray", (id, count) => {
    expect(acceleratorsOfInstance(findInstanceType(id)!)).toBe(count);
  });

  it("that are unknown have no facts", () => {
    expect(findInstanceType("p9.48xlarge")).toBeUndefined();
    expect(findInstanceNetwork("p9.48xlarge")).toBeUndefined();
  });

  it("have a price if the price list has one", () => {
    expect(findInstancePrice("p5.48xlarge")).toMatchObject({
      onDemandUsdPerHour: 55.04,
      region: "us-east-1",
      priceDate: "2026-07-20",
    });
    expect(findInstancePrice("p6e-gb200.36xlarge")).toBeUndefined();
  });

  it("have EFA cards if and only if they have an EFA generation", () => {
    for (const { efaCards, efaGeneration, networkCards, id } of networks) {
      expect([id, efaCards.length > 0]).toEqual([id, efaGeneration !== null]);
      expect(efaCards.every((card) => card < networkCards)).toBe(true);
    }
  });
});

describe("machine images", () => {
  it("have a public SSM parameter", () => {
    expect(allMachineImages().length).toBeGreaterThan(3);
    for (const { parameter } of allMachineImages()) {
      expect(parameter).toMatch(/^\/aws\/service\/[\w/.-]+\/latest\/(ami-id|image_id)$/);
    }
  });

  it("that are unknown throw", () => {
    expect(() => machineImageOf("windows")).toThrow("no machine image 'windows'");
  });
});
