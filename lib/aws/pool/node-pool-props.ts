import type { Fabric } from "../../topology/declaration/fabric";
import type { IStorage } from "../../topology/declaration/storage";
import type { Capacity } from "./capacity";
import type { AwsInstanceType } from "./instance-type";
import type { AwsMachineImage } from "./machine-image";
import type { IClusterNetwork } from "../network/network-props";
import type { NicLayout } from "./nic-layout";
import type { Permission } from "../policy";

/** Options of the machines of a pool. */
export interface AwsMachineOptions {
  /**
   * How the machines are paid for.
   *
   * @default Capacity.onDemand()
   */
  readonly capacity?: Capacity;
  /**
   * What the machines boot.
   *
   * @default - the catalogue's image for the machine type, as it is when it is deployed first
   */
  readonly machineImage?: AwsMachineImage;
  /**
   * Any name, e.g. `2026-12`: with another one than before, an image that is looked up is looked up again, and all machines are
   * replaced if there is a newer one. AWS changes its images every few weeks; machines keep the one that they were deployed with.
   *
   * @default 'first'
   */
  readonly machineImageRelease?: string;
  /**
   * Layout of the network interfaces.
   *
   * @default NicLayout.RECOMMENDED
   */
  readonly nicLayout?: NicLayout;
  /**
   * Size of each machine's root volume, which is encrypted and holds the container images.
   *
   * @default 200
   */
  readonly rootVolumeGiB?: number;
  /**
   * Machine types whose facts the catalogue does not hold, or holds wrong (`AwsInstanceType.fromFacts`).
   *
   * @default - none
   */
  readonly instanceTypes?: readonly AwsInstanceType[];
  /**
   * How long a deployment waits for EC2 to have all workers, in minutes; a launch that found no machine is tried again.
   *
   * @default 30
   */
  readonly capacityTimeoutMinutes?: number;
}

/** Machines of one kind, with their network interfaces. */
export interface AwsNodePoolProps extends AwsMachineOptions {
  /**
   * Begins the names of what is created.
   *
   * @default - the construct's id
   */
  readonly name?: string;
  /** Network of the machines. */
  readonly network: IClusterNetwork;
  /** E.g. `p5.48xlarge`. */
  readonly instanceType: string;
  /** Number of machines including the head, 1 to 1024. */
  readonly nodes: number;
  /** `Fabric.EFA` or `Fabric.TCP`. */
  readonly fabric: Fabric;
  /**
   * Address of the head in the subnet, if this pool has the head.
   *
   * @default - all machines are workers
   */
  readonly headAddress?: string;
  /**
   * What the workers run at boot, in base64, possibly of gzip.
   *
   * @default - nothing
   */
  readonly userData?: string;
  /**
   * What the head runs at boot, in base64, possibly of gzip.
   *
   * @default - the same as the workers
   */
  readonly headUserData?: string;
  /**
   * Storage that the machines mount; it is compared with zone and interfaces of the machines, and not mounted by the pool.
   *
   * @default - none
   */
  readonly storage?: readonly IStorage[];
  /**
   * Permissions of the machines besides those for Session Manager.
   *
   * @default - none
   */
  readonly permissions?: readonly Permission[];
  /**
   * Further permissions of the head, which then has a role of its own.
   *
   * @default - none
   */
  readonly headPermissions?: readonly Permission[];
  /**
   * Value of a tag `ray-cluster` of the head's machine and of the workers' group, by which a program finds them.
   *
   * @default - they do not have the tag
   */
  readonly clusterTag?: string;
  /**
   * Whether the machines have public addresses. EC2 assigns none to a machine with several network interfaces.
   *
   * @default false
   */
  readonly publicIp?: boolean;
  /**
   * ARN of a KMS key for the root volumes, in the account of the machines. Their group gets a grant for it.
   *
   * @default - the key of EBS
   */
  readonly rootVolumeKmsKeyArn?: string;
}
