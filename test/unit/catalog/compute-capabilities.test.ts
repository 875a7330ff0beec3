import { allAccelerators, ownAcceleratorKey } from "../../../lib/catalog/accelerators";
import { capabilityNeedOf, computeCapabilityOf } from "../../../lib/catalog/compute-capabilities";

test("every NVIDIA accelerator has a compute capability, and no other", () => {
  const wrong = allAccelerators().filter(
    ({ id, family }) => (computeCapabilityOf(id) !== undefined) !== (family === "nvidia"),
  );
  expect(wrong.map(({ id }) => id)).toEqual([]);
});

test("a name and an accelerator of one's own have that of the row", () => {
  const own = ownAcceleratorKey({ name: "V100S", like: "v100-32", memoryGiB: 31.7, perNode: 4 });
  expect(["Tesla T4", own, "nothing"].map(computeCapabilityOf)).toEqual([7.5, 7, undefined]);
});

describe("what vLLM needs for weights", () => {
  const need = (method: string | undefined, version?: string, hasBlocksOrExperts = false) =>
    capabilityNeedOf({ engine: "vllm", method, version, hasBlocksOrExperts })?.capability;

  test.each<[string | undefined, string | undefined, boolean, number | undefined]>([
    [undefined, "0.8.5", true, undefined],
    ["awq", "0.4.0", false, 7.5],
    ["awq", undefined, true, 7.5],
    ["gptq", "0.8.5", true, undefined],
    ["fp8", "0.4.3", false, 8.9],
    ["fp8", "0.5.2", false, 8],
    ["fp8", "0.8.5", true, 8.9],
    ["fp8", "0.9.0", true, 8],
    ["fp8", "0.13.0", false, 8],
    ["fp8", "0.14.0", false, 7.5],
    ["fp8", "nightly", true, 7.5],
    ["w4", "0.11.0", false, 8],
    ["w4", "0.12.0", false, 7.5],
    ["w8", "0.8.5", false, 7.5],
    ["fp4", "0.8.5", false, 10],
    ["fp4", "0.9.0", false, 8],
    ["mxfp4", undefined, true, 8],
  ])("%s with %s, blocks or experts: %s", (method, version, parts, expected) => {
    expect(need(method, version, parts)).toBe(expected);
  });

  test("is nothing that another engine needs", () => {
    expect(
      capabilityNeedOf({ engine: "lmdeploy", method: "awq", hasBlocksOrExperts: false }),
    ).toBeUndefined();
  });
});
