import type { IClusterNetwork } from "../network/network-props";
import type { Permission } from "../policy";
import type { AwsMachineOptions } from "../pool/node-pool-props";

/** Options of the machines of one pool. */
export interface AwsPoolOptions extends AwsMachineOptions {
  /** Name of the pool. */
  readonly pool: string;
}

/** A place on EC2. The machine type is that of each pool, storage that of the cluster. */
export interface AwsBackendProps extends AwsMachineOptions {
  /** Network of the machines. */
  readonly network: IClusterNetwork;
  /**
   * Where pools differ from the options of the backend.
   *
   * @default - they do not
   */
  readonly pools?: readonly AwsPoolOptions[];
  /**
   * Address of the head in the subnet, reserved for it.
   *
   * @default - the tenth of the subnet
   */
  readonly headAddress?: string;
  /**
   * IPv4 CIDRs of networks that may call the engine's API, e.g. that of your applications in the VPC.
   *
   * @default - none; Session Manager can forward a port
   */
  readonly clientCidrs?: readonly string[];
  /**
   * Highest price of the machines that you accept, in USD per hour; nothing is planned whose list price is above it.
   *
   * @default - no limit is set, and nothing can be planned
   */
  readonly maxUsdPerHour?: number;
  /**
   * Whether a plan asks the account for its quota of vCPUs, and EC2 whether the zone has the machine types. Without it a plan
   * needs no access to the account.
   *
   * @default true
   */
  readonly asksAccount?: boolean;
  /**
   * Longest expected time between the first and the last machine's start of its container, in seconds: each boots, pulls
   * the image and fills its disks.
   *
   * @default 1800
   */
  readonly bootTimeoutSeconds?: number;
  /**
   * What becomes of the machines of a cluster that has never served, where a deployment fails: `keep` lets them go on, to be
   * looked at and to be tried again; `stop` lets the head set the groups of workers to zero and end itself, and the next
   * deployment makes new machines. A head that cannot boot ends nothing. Storage, network and addresses stay in both cases. The
   * network must reach `autoscaling` and `ec2`, as one with the default endpoints does.
   *
   * @default 'keep'
   */
  readonly onFailure?: "keep" | "stop";
  /**
   * Whether the machines write the logs of boot and container to a group of CloudWatch Logs, where they stay after a machine is gone;
   * it goes with the cluster. The network must reach `logs`, as one with the default endpoints does. Engines may log prompts, and AWS
   * bills what is written: turn it off where either matters more than the reason why a machine that is gone has failed.
   *
   * @default true
   */
  readonly cloudWatchLogs?: boolean;
  /**
   * How long these logs are kept, in days, as CloudWatch Logs offers it: 1, 3, 5, 7, 14, 30, 60, 90 and so on.
   *
   * @default 30
   */
  readonly logRetentionDays?: number;
  /**
   * ARN of a KMS key for these logs, whose policy lets CloudWatch Logs of the region use it
   * (docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html).
   *
   * @default - the key of CloudWatch
   */
  readonly logsKmsKeyArn?: string;
  /**
   * Permissions of the machines besides those for Session Manager and for the cluster itself.
   *
   * @default - none
   */
  readonly permissions?: readonly Permission[];
  /**
   * ARN of a KMS key for the root volumes, the bucket with the node program and the Ray token.
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
   * Shared memory of each container, in MiB; it holds the object store.
   *
   * @default - computed from the accelerators and the object store
   */
  readonly sharedMemoryMiB?: number;
}
