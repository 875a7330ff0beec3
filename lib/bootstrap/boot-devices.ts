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
  const fabric = findFabric(plan.fabric)?.interfaces;
  return [
    ...(accelerator === undefined || accelerator.emulated ? [] : acceleratorDevices(accelerator, node)),
    ...(fabric === undefined || interfaces === undefined
      ? []
      : [{ name: fabric.name, count: interfaces, glob: fabric.glob }]),
  ];
}

/** As many as the plan needs, or each of those that it names. */
function acceleratorDevices(accelerator: AcceleratorFacts, node: NodePlan): readonly BootDevices[] {
  const { acceleratorsPerDevice, indexedDevice } = accelerator;
  const glob = accelerator.deviceGlob ?? indexedDevice?.host.replace("{index}", "[0-9]*");
  if (node.devices !== undefined && indexedDevice !== null) {
    return node.devices.map((number) => ({
      name: `accelerator-${number}`,
      count: 1,
      glob: indexedDevice.host.replace("{index}", String(number)),
    }));
  }
  const count = Math.ceil(node.acceleratorCount / acceleratorsPerDevice);
  return glob === undefined ? [] : [{ name: "accelerators", count, glob }];
}

/** HCCL's fabric is the NPUs' own: the host shows no device of it. */
function leastInterfaces(plan: ClusterPlan, node: NodePlan): number | undefined {
  const accelerator = acceleratorOf(plan, node);
  return accelerator?.emulated === false && fabricDevices(plan.fabric, accelerator).length > 0
    ? 1
    : undefined;
}
