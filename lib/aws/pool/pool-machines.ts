import { findInstanceNetwork, findInstanceType } from "../../catalog/instance-types";
import { Capacity } from "./capacity";
import { known } from "../known";
import type { MachineTemplate } from "./launch-template";
import { AwsMachineImage } from "./machine-image";
import { type Nic, nicLayout, NicLayout } from "./nic-layout";
import type { AwsNodePoolProps } from "./node-pool-props";
import type { PoolSpec } from "./pool-spec";

/** Nitro 6 forgets a silent connection after 350 s, which is less than Ray's are silent; older ones after 5 days. */
const FORGETFUL_NITRO = 6;
const FIVE_DAYS = 432_000;

/** Machines of a pool with every default filled in. */
export interface PoolMachines extends AwsNodePoolProps {
  readonly capacity: Capacity;
  readonly machineImage: AwsMachineImage;
  readonly nicLayout: NicLayout;
  readonly publicIp: boolean;
  readonly rootVolumeGiB: number;
  /** Network interfaces of each machine. @default - the type is unknown, or does not have the layout */
  readonly nics?: readonly Nic[];
}

export function poolMachines(props: AwsNodePoolProps): PoolMachines {
  const { instanceType, fabric, nicLayout: layout = NicLayout.RECOMMENDED } = props;
  const cards = findInstanceNetwork(instanceType);
  return {
    ...props,
    capacity: props.capacity ?? Capacity.onDemand(),
    machineImage: props.machineImage ?? AwsMachineImage.for(instanceType),
    nicLayout: layout,
    publicIp: props.publicIp ?? false,
    rootVolumeGiB: props.rootVolumeGiB ?? 200,
    nics: cards && nicLayout(cards, layout, fabric.id === "efa"),
  };
}

/**
 * A pool as its rules see it.
 *
 * @param storagePaths where each storage is declared. Default: `storage[<index>]`
 */
export function poolSpec(machines: PoolMachines, storagePaths: readonly string[] = []): PoolSpec {
  const { capacity, machineImage: image, network } = machines;
  return {
    instanceType: machines.instanceType,
    nodes: machines.nodes,
    fabric: machines.fabric.id,
    nicLayout: machines.nicLayout,
    publicIp: machines.publicIp,
    hasHead: machines.headAddress !== undefined,
    headAddress: known(machines.headAddress),
    capacity: {
      kind: capacity.kind,
      id: known(capacity.id),
      availabilityZone: known(capacity.availabilityZone),
      interruption: capacity.interruption,
    },
    machineImage: {
      amiId: known(image.amiId),
      architecture: image.architecture,
      driver: image.driver,
      minimumRootGiB: image.minimumRootGiB,
    },
    rootVolumeGiB: machines.rootVolumeGiB,
    network: {
      availabilityZone: known(network.availabilityZone),
      subnetCidr: known(network.subnetCidr),
      hasPlacementGroup: network.placementGroupName !== undefined && !capacity.bringsPlacement,
      hasSelfRules: network.securityGroupHasSelfRules,
    },
    storage: (machines.storage ?? []).map((storage, index) => ({
      path: storagePaths[index] ?? `storage[${index}]`,
      isReachedByEfa: storage.isReachedByEfa,
      availabilityZone: known(storage.availabilityZone),
    })),
  };
}

/** What the machines of a pool are started from, whatever their role. */
export function machineTemplate(
  machines: PoolMachines,
  nics: readonly Nic[],
): Omit<MachineTemplate, "name" | "instanceProfile"> {
  const { instanceType, network, capacity, machineImage, publicIp, rootVolumeGiB } = machines;
  return {
    instanceType,
    network,
    capacity,
    nics,
    machineImage,
    publicIp,
    rootVolumeGiB,
    rootVolumeKmsKeyArn: machines.rootVolumeKmsKeyArn,
    userData: machines.userData,
    idleConnectionSeconds:
      (findInstanceType(instanceType)?.nitro ?? 0) >= FORGETFUL_NITRO ? FIVE_DAYS : undefined,
  };
}
