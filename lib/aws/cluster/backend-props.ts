import type { Capacity } from "../pool/capacity";
import type { AwsMachineImage } from "../pool/machine-image";
import type { IClusterNetwork } from "../network/network-props";
import type { NicLayout } from "../pool/nic-layout";
import type { Permission } from "../policy";
import type { IAwsStorage } from "../storage/storage";

/** What may be chosen of the machines of a pool. */
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
   * @default - the image of the catalogue that fits the type, looked up when a machine starts
   */
  readonly machineImage?: AwsMachineImage;
  /**
   * Layout of the network interfaces.
   *
   * @default NicLayout.RECOMMENDED
   */
  readonly nicLayout?: NicLayout;
  /**
   * Root volume of each machine, encrypted; container images lie on it.
   *
   * @default 200
   */
  readonly rootVolumeGiB?: number;
}

/** Where the machines of one pool differ from the others. */
export interface AwsPoolOptions extends AwsMachineOptions {
  /** Name of the pool. */
  readonly pool: string;
  /**
   * E.g. `p5.48xlarge`.
   *
   * @default - that of the backend
   */
  readonly instanceType?: string;
}

/** A place on EC2. */
export interface AwsBackendProps extends AwsMachineOptions {
  readonly network: IClusterNetwork;
  /** E.g. `p5.48xlarge`; `AwsInstanceType` makes pools that fit. */
  readonly instanceType: string;
  /**
   * Where pools differ from that.
   *
   * @default - they do not
   */
  readonly pools?: readonly AwsPoolOptions[];
  /**
   * Storage that the machines mount or fill: the same objects as `storage` of the cluster.
   *
   * @default - none; each machine's own disk
   */
  readonly storage?: readonly IAwsStorage[];
  /**
   * Address of the head in the subnet; nothing else gets it.
   *
   * @default - the tenth of the subnet
   */
  readonly headAddress?: string;
  /**
   * IPv4 CIDRs of networks that may call the engine's API, e.g. that of your applications in the VPC.
   *
   * @default - none: Session Manager forwards a port to who may use it
   */
  readonly clientCidrs?: readonly string[];
  /**
   * What you agree to pay for the machines, in USD per hour; nothing is planned for less than their list price.
   *
   * @default - nothing can be planned
   */
  readonly consentUsdPerHour?: number;
  /**
   * How far apart the machines may be ready for their containers: each boots, pulls the image and fills its disks.
   *
   * @default 1800
   */
  readonly bootTimeoutSeconds?: number;
  /**
   * What the machines may do besides being reached by Session Manager and what the cluster itself needs.
   *
   * @default - nothing
   */
  readonly permissions?: readonly Permission[];
  /**
   * ARN of a KMS key for root volumes, the boot's bucket and the Ray token.
   *
   * @default - the keys of EBS, S3 and Secrets Manager
   */
  readonly kmsKeyArn?: string;
  /**
   * Ray's object store in each node, in MiB.
   *
   * @default - Ray's own: 30 % of the machine's memory
   */
  readonly objectStoreMiB?: number;
  /**
   * Shared memory of each container, in MiB; the object store lies in there.
   *
   * @default - computed from accelerators and object store
   */
  readonly sharedMemoryMiB?: number;
}
