import type { TerraformProvider } from "cdktf";
import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition";
import { DataAwsRegion } from "@cdktf/provider-aws/lib/data-aws-region";
import { Construct } from "constructs";
import { localDiskFolderOf } from "../../catalog/machine-images";
import type { BootStage } from "../../bootstrap/boot-spec";
import { judge } from "../../problems/rule";
import { reportProblems } from "../../terraform/app-problems";
import { useAws } from "../provider";
import type { Permission } from "../policy";
import { type IAwsStorage, storagePaths } from "./storage";
import { STAGED_TOPIC } from "./storage-rules";

/** Files of an S3 bucket that each machine copies to its own disk before its container starts. */
export interface S3StagedStorageProps {
  /** Prefix, e.g. `s3://my-models/llama/`; everything below it is copied. */
  readonly uri: string;
  /**
   * Where the machine image mounts the instance store.
   *
   * @default '/opt/dlami/nvme'
   */
  readonly diskFolder?: string;
  /**
   * Absolute path on the machines, on that disk.
   *
   * @default - the construct's id, below `diskFolder`
   */
  readonly hostPath?: string;
  /**
   * Absolute path in the containers.
   *
   * @default '/models'
   */
  readonly mountPath?: string;
  /**
   * ARN of the KMS key that encrypts the bucket's objects.
   *
   * @default - the key of S3
   */
  readonly kmsKeyArn?: string;
  /**
   * Provider of AWS, of the machines' region.
   *
   * @default - the stack's default provider
   */
  readonly provider?: TerraformProvider;
}

/** Where AWS's Deep Learning images mount the instance store. */
const DISK_FOLDER = localDiskFolderOf("nvidia-ubuntu-24.04");

/**
 * Files of an existing S3 bucket on each machine's own disk, read at the speed of that disk.
 *
 * @example
 * new S3StagedStorage(this, "models", { uri: "s3://my-models/llama/" });
 */
export class S3StagedStorage extends Construct implements IAwsStorage {
  public readonly hostPath: string;
  public readonly mountPath: string;
  public readonly isShared = false;
  public readonly isReachedByEfa = false;
  public readonly diskFolder?: string;
  public readonly stage?: BootStage;
  public readonly permissions?: readonly Permission[];

  public constructor(scope: Construct, id: string, props: S3StagedStorageProps) {
    super(scope, id);
    useAws(this, props.provider);
    this.diskFolder = props.diskFolder ?? DISK_FOLDER;
    const { hostPath, mountPath } = storagePaths(id, props, this.diskFolder);
    this.hostPath = hostPath;
    this.mountPath = mountPath;
    const { uri, kmsKeyArn } = props;
    reportProblems(this, judge(STAGED_TOPIC, { uri, hostPath, diskFolder: this.diskFolder }, undefined));
    const [bucket, prefix] = partsOf(uri);
    const region = new DataAwsRegion(this, "region").id;
    const arn = `arn:${new DataAwsPartition(this, "partition").partition}:s3:::${bucket}`;
    this.stage = { source: { name: "aws-s3-sync.sh", arguments: [region, uri] }, folder: this.hostPath };
    this.permissions = [
      { actions: ["s3:ListBucket"], resources: [arn], onlyPrefix: prefix },
      { actions: ["s3:GetObject"], resources: [`${arn}/${prefix}*`] },
      ...(kmsKeyArn === undefined ? [] : [{ actions: ["kms:Decrypt"], resources: [kmsKeyArn] }]),
    ];
  }
}

/** Bucket and prefix; either may be a reference. */
function partsOf(uri: string): readonly [bucket: string, prefix: string] {
  const path = uri.replace(/^s3:\/\//, "");
  const slash = path.indexOf("/");
  return slash < 0 ? [path, ""] : [path.slice(0, slash), path.slice(slash + 1)];
}
