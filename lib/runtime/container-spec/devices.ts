import { type AcceleratorFacts, findAccelerator } from "../../catalog/accelerators";
import { fabricDevices } from "../../topology/plan/container-needs";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import type { ContainerDevice } from "./container-spec";

/** Device nodes of a container: those of its accelerators, then those of the fabric. */
export function containerDevices(plan: ClusterPlan, node: NodePlan): readonly ContainerDevice[] {
  const accelerator = acceleratorOf(plan, node);
  if (!accelerator) {
    return [];
  }
  const same = (path: string) => ({ hostPath: path, containerPath: path });
  return [
    ...indexedDevices(accelerator, node.acceleratorCount),
    ...accelerator.fixedDevices.map(same),
    ...fabricDevices(plan.fabric, accelerator).map(same),
  ];
}

function indexedDevices(accelerator: AcceleratorFacts, count: number): readonly ContainerDevice[] {
  const pattern = accelerator.indexedDevice;
  if (pattern === null) {
    return [];
  }
  return deviceIndices(Math.ceil(count / accelerator.acceleratorsPerDevice)).map((index) => ({
    hostPath: pattern.host.replace("{index}", String(index)),
    containerPath: pattern.container.replace("{index}", String(index)),
  }));
}

/** Facts of a node's accelerators; `undefined` for a node without accelerators. */
export function acceleratorOf(plan: ClusterPlan, node: NodePlan): AcceleratorFacts | undefined {
  const pool = plan.pools.find((candidate) => candidate.name === node.pool);
  return pool && node.acceleratorCount > 0 ? findAccelerator(pool.accelerator) : undefined;
}

/** 0, 1, ... */
export function deviceIndices(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}
