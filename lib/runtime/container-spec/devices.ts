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
    ...indexedDevices(accelerator, deviceNumbers(accelerator, node)),
    ...accelerator.fixedDevices.map(same),
    ...fabricDevices(plan.fabric, accelerator).map(same),
  ];
}

/**
 * Device nodes that one container has for itself: two with the same one cannot both work. Emulated ones, which are none
 * on the machine, by their names in the container.
 */
export function ownDevices(plan: ClusterPlan, node: NodePlan): readonly string[] {
  const accelerator = acceleratorOf(plan, node);
  if (accelerator === undefined) {
    return [];
  }
  const indexed = indexedDevices(accelerator, deviceNumbers(accelerator, node));
  return indexed.length > 0 ? indexed.map(({ containerPath }) => containerPath) : accelerator.fixedDevices;
}

/** Same name on both sides: Ascend's driver goes by the device, whatever it is called (vllm-project/vllm-ascend#6063). */
function indexedDevices(
  { indexedDevice: pattern }: AcceleratorFacts,
  numbers: readonly number[],
): readonly ContainerDevice[] {
  if (pattern === null) {
    return [];
  }
  return numbers.map((number) => ({
    hostPath: pattern.host.replace("{index}", String(number)),
    containerPath: pattern.container.replace("{index}", String(number)),
  }));
}

/** Facts of a node's accelerators; `undefined` for a node without accelerators. */
export function acceleratorOf(plan: ClusterPlan, node: NodePlan): AcceleratorFacts | undefined {
  const pool = plan.pools.find((candidate) => candidate.name === node.pool);
  return pool && node.acceleratorCount > 0 ? findAccelerator(pool.accelerator) : undefined;
}

/** Numbers of the machine's devices that the node has: as declared, else 0, 1, ... */
export function deviceNumbers(
  { acceleratorsPerDevice }: AcceleratorFacts,
  { acceleratorCount, devices }: NodePlan,
): readonly number[] {
  return devices ?? Array.from({ length: Math.ceil(acceleratorCount / acceleratorsPerDevice) }, (_, n) => n);
}
