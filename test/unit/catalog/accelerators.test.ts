import { allAccelerators, findAccelerator } from "../../../lib/catalog/accelerators";
import { findVariable } from "../../../lib/catalog/environment";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";

test("the catalogue has exactly the supported accelerators", () => {
  expect(allAccelerators().map((row) => row.id)).toEqual([
    ...[
      "v100-16",
      "v100-32",
      "t4",
      "a100-40",
      "a100-80",
      "a800-40",
      "a800",
      "a10g",
      "a10",
      "l4",
      "l20",
      "l40",
    ],
    ...["l40s", "rtx-pro-4500", "rtx-pro-6000", "rtx-a6000", "rtx-3090", "rtx-4090", "rtx-5090", "gb10"],
    ...["h100", "h800", "h20", "h20-141", "gh200", "gh200-144", "h200", "b200", "b300", "gb200", "gb300"],
    ...["ascend-910b-64", "ascend-910b-32", "ascend-a3", "ascend-310p", "ascend-310p-24", "ascend-950dt"],
    ...[
      "atlas-350",
      "trainium",
      "trainium2",
      "inferentia2",
      "mi300x",
      "mi325x",
      "mi350x",
      "mi355x",
      "gaudi3",
    ],
    ...["emulated-gpu", "emulated-npu"],
  ]);
});

test.each([
  ["h100", "h100"],
  ["H100", "h100"],
  ["MI355X", "mi355x"],
  ["RTX 4090", "rtx-4090"],
  ["DGX Spark (GB10)", "gb10"],
  ["GH200-96", "gh200"],
  ["H20-141", "h20-141"],
  ["A800-40", "a800-40"],
])("Accelerator.of('%s') is '%s'", (name, id) => {
  expect(Accelerator.of(name).id).toBe(id);
});

test("no two accelerators have a name in common", () => {
  const plain = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const names = allAccelerators().flatMap((row) => [...new Set([row.id, ...(row.names ?? [])].map(plain))]);
  expect(new Set(names).size).toBe(names.length);
});

describe("Accelerator.fromFacts", () => {
  const own = Accelerator.fromFacts({
    name: "H100 NVL",
    like: Accelerator.H100,
    memoryGiB: 93.1,
    perNode: 4,
  });

  test("has its own memory and number, and all else of the other", () => {
    const { id, title, memoryGiB, usualPerNode, like, ...rest } = findAccelerator(own.id) ?? {};
    expect({ id, title, memoryGiB, usualPerNode, like }).toEqual({
      id: "H100 NVL=h100:93.1GiB:4",
      title: "H100 NVL",
      memoryGiB: 93.1,
      usualPerNode: 4,
      like: "h100",
    });
    expect(findAccelerator("h100")).toMatchObject(rest);
  });

  test.each([
    [{ name: "a=b", like: Accelerator.H100, memoryGiB: 80 }],
    [{ name: "", like: Accelerator.H100, memoryGiB: 80 }],
    [{ name: "card", like: Accelerator.H100, memoryGiB: 0 }],
    [{ name: "card", like: Accelerator.H100, memoryGiB: 80, perNode: 0 }],
  ])("refuses %j", (facts) => {
    expect(() => Accelerator.fromFacts(facts)).toThrow(`accelerator '${facts.name}'`);
  });
});

test("Accelerator has exactly one constant per row", () => {
  const constants = Object.values(Accelerator).filter(
    (value): value is Accelerator => value instanceof Accelerator,
  );
  expect(constants.map((constant) => constant.id).sort()).toEqual(
    allAccelerators()
      .map((row) => row.id)
      .sort(),
  );
});

test("findAccelerator of an unknown id is undefined", () => {
  expect(findAccelerator("h10")).toBeUndefined();
});

describe.each(allAccelerators())("$id", (row) => {
  test("belongs to a family", () => {
    expect(row.vendor).toEqual(expect.any(String));
    expect(["nccl", "hccl", "nccom", "rccl", "habana"]).toContain(row.collective);
    expect(["GPU", "NPU", "neuron_cores", "HPU"]).toContain(row.rayResource);
  });

  test("has plausible numbers", () => {
    expect(row.memoryGiB).toBeGreaterThan(0);
    expect(row.memoryGiB).toBeLessThanOrEqual(512);
    expect(row.usualPerNode).toBeGreaterThanOrEqual(1);
    expect(row.maximumPerNode).toBeGreaterThanOrEqual(row.usualPerNode);
    expect(row.usualPerNode % row.acceleratorsPerDevice).toBe(0);
  });

  test("has Ray's NOSET variable for a visible-devices variable that users may not set", () => {
    expect(row.nosetVariable).toBe(`RAY_EXPERIMENTAL_NOSET_${row.visibleDevicesVariable}`);
    const facts = findVariable(row.visibleDevicesVariable);
    expect(facts?.scope).toBe("node");
    // Ray or the container owns it, or every node finds it: RC042 and RC046 refuse one of the user's.
    expect(facts?.owner ?? JSON.stringify(facts?.value)).toMatch(/\S/);
    expect(facts?.owner === null && facts.value === null).toBe(false);
  });

  test("has capabilities with Docker's prefix and absolute devices and mounts", () => {
    for (const capability of row.capabilities) {
      expect(capability).toMatch(/^CAP_[A-Z_]+$/);
    }
    for (const { source, target } of row.mounts) {
      expect([source, target]).toEqual([expect.stringMatching(/^\//), expect.stringMatching(/^\//)]);
    }
    expect(row.indexedDevice === null && row.fixedDevices.length === 0).toBe(false);
    for (const device of row.fixedDevices) {
      expect(device).toMatch(/^\/dev\//);
    }
    expect(row.indexedDevice?.container ?? "/dev/x{index}").toMatch(/^\/dev\/[a-z]+\{index\}$/);
  });

  test("maps /dev/null and sets no ulimits if and only if it is emulated", () => {
    expect(row.emulated).toBe(row.indexedDevice?.host === "/dev/null");
    expect(row.ulimits.map((limit) => limit.name).includes("nofile")).toBe(!row.emulated);
    expect(row.ulimits.map((limit) => limit.name).includes("memlock")).toBe(!row.emulated);
  });
});

test("Ascend A3 counts dies, Trainium counts logical cores", () => {
  expect(findAccelerator("ascend-a3")).toMatchObject({
    usualPerNode: 16,
    memoryGiB: 61.27,
    rayResource: "NPU",
  });
  expect(findAccelerator("trainium2")).toMatchObject({ acceleratorsPerDevice: 4, memoryGiB: 24 });
  expect(findAccelerator("trainium")).toMatchObject({ acceleratorsPerDevice: 2, memoryGiB: 16 });
});
