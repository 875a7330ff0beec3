import type { Fabric } from "../../topology/declaration/fabric";
import type { Capacity } from "./capacity";
import type { AwsMachineImage } from "./machine-image";
import type { IClusterNetwork } from "../network/network-props";
import type { NicLayout } from "./nic-layout";
import type { Permission } from "../policy";
import type { IAwsStorage } from "../storage/storage";

/** Machines that are alike, with their network interfaces. */
export interface AwsNodePoolProps {
  /**
   * Begins the names of what is created.
   *
   * @default - the construct's id
   */
  readonly name?: string;
  readonly network: IClusterNetwork;
  /** E.g. `p5.48xlarge`. */
  readonly instanceType: string;
  /** Number of machines, 1 to 1024, the head among them. */
  readonly nodes: number;
  /** `Fabric.EFA`, or `Fabric.TCP` where you say so. */
  readonly fabric: Fabric;
  /**
   * Address of the head, if this pool has it: a machine of its own, with this address in the subnet.
   *
   * @default - all machines are workers
   */
  readonly headAddress?: string;
  /**
   * How the machines are paid for.
   *
   * @default Capacity.onDemand()
   */
  readonly capacity?: Capacity;
  /**
   * What the machines boot.
   *
   * @default - the image of the catalogue that fits the type, looked up when a machine starts
   */
  readonly machineImage?: AwsMachineImage;
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
   * Shared storage that the machines mount; here only what it asks of the machines.
   *
   * @default - none
   */
  readonly storage?: readonly IAwsStorage[];
  /**
   * What the machines may do besides being reached by Session Manager.
   *
   * @default - nothing
   */
  readonly permissions?: readonly Permission[];
  /**
   * What the head may do besides that; it then has a role of its own.
   *
   * @default - nothing
   */
  readonly headPermissions?: readonly Permission[];
  /**
   * Layout of the network interfaces.
   *
   * @default NicLayout.RECOMMENDED
   */
  readonly nicLayout?: NicLayout;
  /**
   * Whether the machines get public addresses. EC2 gives none to a machine with several network interfaces.
   *
   * @default false
   */
  readonly publicIp?: boolean;
  /**
   * Root volume of each machine, encrypted.
   *
   * @default 200
   */
  readonly rootVolumeGiB?: number;
  /**
   * ARN of a KMS key for the root volumes.
   *
   * @default - the key of EBS
   */
  readonly rootVolumeKmsKeyArn?: string;
}
