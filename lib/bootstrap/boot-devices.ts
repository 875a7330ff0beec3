import type { AcceleratorFacts } from "../catalog/accelerators";
import { findFabric } from "../catalog/fabrics";
import { acceleratorOf } from "../runtime/container-spec/devices";
import { fabricDevices } from "../topology/plan/container-needs";
import type { ClusterPlan, NodePlan } from "../topology/plan/plan";
import type { BootDevices } from "./boot-spec";

/**
 * Device nodes that the machine of a node must show before its container starts: those of its accelerators, and those
 * of the fabric's interfaces. Emulated accelerators have none.
 *
 * @param interfaces RDMA interfaces of the machine, where the place knows them. Default: at least one, on a node whose
 * accelerators reach the fabric through the host
 */
export function bootDevices(
  plan: ClusterPlan,
  node: NodePlan,
  interfaces = leastInterfaces(plan, node),
): readonly BootDevices[] {
  const accelerator = acceleratorOf(plan, node);
  const glob = accelerator && deviceGlob(accelerator);
  const count = Math.ceil(node.acceleratorCount / (accelerator?.acceleratorsPerDevice ?? 1));
  const fabric = findFabric(plan.fabric)?.interfaces;
  return [
    ...(glob === undefined ? [] : [{ name: "accelerators", count, glob }]),
    ...(fabric === undefined || interfaces === undefined
      ? []
      : [{ name: fabric.name, count: interfaces, glob: fabric.glob }]),
  ];
}

function deviceGlob({ emulated, deviceGlob, indexedDevice }: AcceleratorFacts): string | undefined {
  return emulated ? undefined : (deviceGlob ?? indexedDevice?.host.replace("{index}", "[0-9]*"));
}

/** HCCL's fabric is the NPUs' own: the host shows no device of it. */
function leastInterfaces(plan: ClusterPlan, node: NodePlan): number | undefined {
  const accelerator = acceleratorOf(plan, node);
  return accelerator?.emulated === false && fabricDevices(plan.fabric, accelerator).length > 0
    ? 1
    : undefined;
}
