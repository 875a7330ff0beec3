import { allAccelerators, findAccelerator } from "../../../lib/catalog/accelerators";
import { findVariable } from "../../../lib/catalog/environment";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";

test("the catalogue has exactly the supported accelerators", () => {
  expect(allAccelerators().map((row) => row.id)).toEqual([
    ...["v100-16", "v100-32", "a100-40", "a100-80", "a10g", "l4", "l40s", "rtx-pro-4500", "rtx-pro-6000"],
    ...["h100", "h200", "b200", "b300", "gb200"],
    ...["ascend-910b-64", "ascend-910b-32", "ascend-a3", "ascend-310p"],
    ...["trainium", "trainium2", "inferentia2", "mi300x", "emulated-gpu", "emulated-npu"],
  ]);
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
    expect(["nccl", "hccl", "nccom", "rccl"]).toContain(row.collective);
    expect(["GPU", "NPU", "neuron_cores"]).toContain(row.rayResource);
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
  expect(findAccelerator("ascend-a3")).toMatchObject({ usualPerNode: 16, memoryGiB: 64, rayResource: "NPU" });
  expect(findAccelerator("trainium2")).toMatchObject({ acceleratorsPerDevice: 4, memoryGiB: 24 });
  expect(findAccelerator("trainium")).toMatchObject({ acceleratorsPerDevice: 2, memoryGiB: 16 });
});
