import { allFabrics, fabricNeed, findFabric } from "../../../lib/catalog/fabrics";
import type { Collective } from "../../../lib/catalog/facts";
import { Fabric } from "../../../lib/topology/declaration/fabric";

const need = (fabric: string, collective: Collective) => {
  const facts = findFabric(fabric);
  return facts && fabricNeed(facts, collective);
};

test("Fabric has exactly one constant per row", () => {
  const constants = Object.values(Fabric).filter((value): value is Fabric => value instanceof Fabric);
  expect(allFabrics().map((row) => row.id)).toEqual(constants.map((constant) => constant.id));
});

test.each([
  ["efa", "nccl", true],
  ["efa", "nccom", true],
  ["efa", "hccl", false],
  ["infiniband", "nccl", true],
  ["infiniband", "rccl", true],
  ["infiniband", "hccl", false],
  ["roce", "hccl", true],
  ["roce", "nccom", false],
  ["tcp", "nccl", true],
  ["tcp", "hccl", true],
] as const)("%s carries %s: %s", (fabric, collective, carried) => {
  expect(need(fabric, collective) !== undefined).toBe(carried);
});

test("RDMA fabrics need devices, locked memory and a variable that pins the network", () => {
  for (const [fabric, network] of [
    ["efa", "AWS Libfabric"],
    ["infiniband", "IB"],
    ["roce", "IB"],
  ] as const) {
    expect(need(fabric, "nccl")).toMatchObject({
      devices: ["/dev/infiniband"],
      capabilities: ["CAP_IPC_LOCK"],
      environment: { NCCL_NET: network },
    });
    expect(need(fabric, "nccl")?.ulimits).toContainEqual({ name: "memlock", soft: -1, hard: -1 });
  }
});

test("RoCE for HCCL and TCP need nothing of the host", () => {
  for (const found of [need("roce", "hccl"), need("tcp", "hccl"), need("tcp", "nccl")]) {
    expect(found).toMatchObject({ devices: [], capabilities: [], ulimits: [] });
  }
});
