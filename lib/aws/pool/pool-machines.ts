import { Capacity } from "./capacity";
import { catalogueFacts, type InstanceFacts } from "./instance-facts";
import { AwsMachineImage } from "./machine-image";
import { type Nic, nicLayout, NicLayout } from "./nic-layout";
import type { AwsNodePoolProps } from "./node-pool-props";

/** Machines of a pool with every default filled in. */
export interface PoolMachines extends AwsNodePoolProps {
  readonly capacity: Capacity;
  readonly machineImage: AwsMachineImage;
  readonly nicLayout: NicLayout;
  readonly publicIp: boolean;
  readonly machineImageRelease: string;
  readonly rootVolumeGiB: number;
  readonly capacityTimeoutMinutes: number;
  /** What is known of the instance type. */
  readonly facts: InstanceFacts;
  /** Network interfaces of each machine. @default - the type is unknown, or does not have the layout */
  readonly nics?: readonly Nic[];
}

export function poolMachines(props: AwsNodePoolProps): PoolMachines {
  const { instanceType, fabric, nicLayout: layout = NicLayout.RECOMMENDED } = props;
  const declared = props.instanceTypes?.find(({ name }) => name === instanceType);
  const facts = declared?._facts ?? catalogueFacts(instanceType);
  return {
    ...props,
    capacity: props.capacity ?? Capacity.onDemand(),
    machineImage: props.machineImage ?? AwsMachineImage._for(instanceType, facts),
    machineImageRelease: props.machineImageRelease ?? "first",
    nicLayout: layout,
    publicIp: props.publicIp ?? false,
    rootVolumeGiB: props.rootVolumeGiB ?? 200,
    capacityTimeoutMinutes: props.capacityTimeoutMinutes ?? 30,
    facts,
    nics: facts.network && nicLayout(facts.network, layout, fabric.id === "efa"),
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
