import { allFabrics, fabricNeed } from "../../../lib/catalog/fabrics";
import { Fabric } from "../../../lib/topology/declaration/fabric";

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
  ["roce", "habana", true],
  ["infiniband", "habana", false],
] as const)("%s carries %s: %s", (fabric, collective, carried) => {
  expect(fabricNeed(fabric, collective) !== undefined).toBe(carried);
});

test("RDMA fabrics need devices, locked memory and a variable that pins the network", () => {
  for (const [fabric, network] of [
    ["efa", "AWS Libfabric"],
    ["infiniband", "IB"],
    ["roce", "IB"],
  ] as const) {
    expect(fabricNeed(fabric, "nccl")).toMatchObject({
      devices: ["/dev/infiniband"],
      capabilities: ["CAP_IPC_LOCK"],
      environment: { NCCL_NET: network },
    });
    expect(fabricNeed(fabric, "nccl")?.ulimits).toContainEqual({ name: "memlock", soft: -1, hard: -1 });
  }
});

test("RoCE for HCCL and TCP need nothing of the host", () => {
  for (const found of [fabricNeed("roce", "hccl"), fabricNeed("tcp", "hccl"), fabricNeed("tcp", "nccl")]) {
    expect(found).toMatchObject({ devices: [], capabilities: [], ulimits: [] });
  }
});
