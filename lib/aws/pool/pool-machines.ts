import { findInstanceNetwork } from "../../catalog/instance-types";
import { Capacity } from "./capacity";
import { AwsMachineImage } from "./machine-image";
import { type Nic, nicLayout, NicLayout } from "./nic-layout";
import type { AwsNodePoolProps } from "./node-pool-props";

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

/** Where the user has declared the properties of a pool: on an `AwsNodePool`, or on a cluster and its backend. */
export interface PoolPaths {
  readonly instanceType: string;
  readonly nodes: string;
  /** Prefix of the network and the head's address. */
  readonly place: string;
  /** Prefix of capacity, machine image, interfaces and volume. */
  readonly options: string;
}
