import { machineFacts } from "../../bootstrap/machine-facts";
import { ownDevices } from "../../runtime/container-spec/devices";
import { sourceSecretMounts } from "../../runtime/container-spec/make-container-spec";
import type { ContainerSpec } from "../../runtime/container-spec/container-spec";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import type { Machine } from "./host-machine";

/** The requirements that `check-machine.sh` checks on a node's machine, one per line. */
export function hostFacts(
  plan: ClusterPlan,
  node: NodePlan,
  spec: ContainerSpec,
  machine: Machine,
  hasFilter: boolean,
): string[] {
  const [{ address: head }] = plan.nodes;
  const ports = plan.ports.filter(
    ({ where, isPicked }) => (where === "node" || node.role === "head") && !isPicked,
  );
  return [
    `cluster ${plan.name}`,
    `container ${containerName(plan, node)}`,
    ...(node.address === undefined ? [] : [`address ${node.address}`]),
    ...(head === undefined || node.role === "head" ? [] : [`head ${head}`]),
    ...(machine.architecture === undefined ? [] : [`architecture ${machine.architecture}`]),
    ...spec.devices.map((device) => `device ${device.hostPath}`),
    ...ownDevices(plan, node).map((device) => `accelerator ${device}`),
    // Folders of each machine's own disk are created with the container.
    ...[
      ...spec.mounts.filter((mount) => !mount.isPerNode),
      // Of the readiness check, which runs on the head's machine.
      ...(node.role === "head" ? sourceSecretMounts(plan) : []),
    ].map((mount) => `mount ${mount.source}`),
    ...plan.storage
      .filter(({ isShared }) => isShared && plan.nodes.length > 1)
      .map(({ hostPath }) => `share ${hostPath}`),
    ...machineFacts(plan, spec),
    ...(hasFilter ? ["program nft nftables"] : []),
    ...ports.map(({ from, to }) => `port ${from === to ? from : `${from}-${to}`}`),
  ];
}

/** Name of a node's container on its machine. */
export function containerName(plan: ClusterPlan, node: NodePlan): string {
  return `${plan.name}-${node.name}`;
}
