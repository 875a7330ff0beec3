import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { planContainerNeeds, widestUlimits } from "../../../../lib/topology/plan/container-needs";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { normalise } from "../../../../lib/topology/plan/spec";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const machines = (change: Parameters<typeof machineProps>[0] = {}, place = hostsPlace()) =>
  planContainerNeeds(normalise(machineProps(change)), place);

const NO_EXTRAS = { devices: [], mounts: [], capabilities: [], isHostIpc: false, isRootReadOnly: false };

test("planContainerNeeds of GPUs on InfiniBand has locked memory, files, stack, IPC_LOCK and NVIDIA's runtime", () => {
  expect(machines()).toEqual({
    extras: NO_EXTRAS,
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

test("planContainerNeeds of NPUs has the driver's files, no runtime and nothing for their network plane", () => {
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

test("planContainerNeeds of emulated accelerators has nothing that a daemon may refuse", () => {
  const needs = planContainerNeeds(normalise(emulatedProps()), localPlace());
  expect(needs).toEqual({
    extras: NO_EXTRAS,
    networkMode: "bridge",
    sharedMemoryMiB: 256 + 8 * 8 + 100,
    capabilities: [],
    ulimits: [],
    mounts: [],
    runtime: undefined,
  });
});

test("planContainerNeeds of two kinds of one family has everything once", () => {
  const pools = [
    { name: "a", nodes: 1, accelerator: Accelerator.ASCEND_910B_64GB },
    { name: "b", nodes: 1, accelerator: Accelerator.ASCEND_910B_32GB },
  ];
  const needs = machines({ pools, fabric: Fabric.ROCE });
  expect(needs.mounts).toHaveLength(5);
  expect(needs.ulimits).toHaveLength(2);
});

test("planContainerNeeds takes the wider of two limits, and unlimited over any number", () => {
  const limit = (name: string, soft: number, hard: number) => ({ name, soft, hard });
  const given = [
    limit("stack", 8, 16),
    limit("memlock", 8192, -1),
    limit("stack", 9, 10),
    limit("memlock", -1, 8192),
  ];
  expect(widestUlimits(given)).toEqual([limit("memlock", -1, -1), limit("stack", 9, 16)]);
});

test("planContainerNeeds uses the place's shared memory, else computes it from object store and largest pool", () => {
  expect(machines({}, hostsPlace({ sharedMemoryMiB: 4096 })).sharedMemoryMiB).toBe(4096);
  const pools = [
    { name: "head", nodes: 1 },
    { name: "gpu", nodes: 2, accelerator: Accelerator.H100, acceleratorsPerNode: 4 },
  ];
  expect(machines({ pools }, hostsPlace({ objectStoreMiB: 1000 })).sharedMemoryMiB).toBe(
    256 + 4 * 2048 + 1000,
  );
});
