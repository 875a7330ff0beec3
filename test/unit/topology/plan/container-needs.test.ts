import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { planContainerNeeds, widestUlimits } from "../../../../lib/topology/plan/container-needs";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { normalise } from "../../../../lib/topology/plan/spec";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const machines = (change: Parameters<typeof machineProps>[0] = {}, place = hostsPlace()) =>
  planContainerNeeds(normalise(machineProps(change)), place);

test("GPUs on InfiniBand need locked memory, files, stack, IPC_LOCK and NVIDIA's runtime", () => {
  expect(machines()).toEqual({
    networkMode: "host",
    sharedMemoryMiB: 256 + 8 * 2048,
    capabilities: ["CAP_IPC_LOCK"],
    ulimits: [
      { name: "memlock", soft: -1, hard: -1 },
      { name: "nofile", soft: 65536, hard: 65536 },
      { name: "stack", soft: 67108864, hard: 67108864 },
    ],
    mounts: [],
    runtime: "nvidia",
  });
});

test("NPUs need the driver's files and no runtime, and nothing for their own network plane", () => {
  const pools = [{ name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB }];
  const needs = machines({ pools, fabric: Fabric.ROCE });
  expect(needs.runtime).toBeUndefined();
  expect(needs.capabilities).toEqual([]);
  expect(needs.mounts.map(({ target, readOnly }) => [target, readOnly])).toEqual([
    ["/etc/ascend_install.info", true],
    ["/etc/hccn.conf", true],
    ["/usr/local/Ascend/driver", true],
    ["/usr/local/bin/npu-smi", true],
    ["/usr/local/dcmi", true],
  ]);
});

test("emulated accelerators ask the daemon for nothing that it may refuse", () => {
  const needs = planContainerNeeds(normalise(emulatedProps()), localPlace());
  expect(needs).toEqual({
    networkMode: "bridge",
    sharedMemoryMiB: 256 + 8 * 8 + 100,
    capabilities: [],
    ulimits: [],
    mounts: [],
    runtime: undefined,
  });
});

test("two kinds of one family need everything once", () => {
  const pools = [
    { name: "a", nodes: 1, accelerator: Accelerator.ASCEND_910B_64GB },
    { name: "b", nodes: 1, accelerator: Accelerator.ASCEND_910B_32GB },
  ];
  const needs = machines({ pools, fabric: Fabric.ROCE });
  expect(needs.mounts).toHaveLength(5);
  expect(needs.ulimits).toHaveLength(2);
});

test("of two limits the wider one holds, and unlimited is wider than any number", () => {
  const limit = (name: string, soft: number, hard: number) => ({ name, soft, hard });
  const given = [
    limit("stack", 8, 16),
    limit("memlock", 8192, -1),
    limit("stack", 9, 10),
    limit("memlock", -1, 8192),
  ];
  expect(widestUlimits(given)).toEqual([limit("memlock", -1, -1), limit("stack", 9, 16)]);
});

test("the place's shared memory is final; otherwise the object store and the larger pool count", () => {
  expect(machines({}, hostsPlace({ sharedMemoryMiB: 4096 })).sharedMemoryMiB).toBe(4096);
  const pools = [
    { name: "head", nodes: 1 },
    { name: "gpu", nodes: 2, accelerator: Accelerator.H100, acceleratorsPerNode: 4 },
  ];
  expect(machines({ pools }, hostsPlace({ objectStoreMiB: 1000 })).sharedMemoryMiB).toBe(
    256 + 4 * 2048 + 1000,
  );
});
