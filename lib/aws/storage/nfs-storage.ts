import { EfsFileSystem } from "@cdktf/provider-aws/lib/efs-file-system";
import { EfsMountTarget } from "@cdktf/provider-aws/lib/efs-mount-target";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { Construct } from "constructs";
import type { BootMount } from "../../bootstrap/boot-spec";
import { judge } from "../../problems/rule";
import { reportProblems } from "../../terraform/app-problems";
import { moneyOf } from "../../review/money";
import { type ReadSpeed, unpriced } from "../../review/place-facts";
import { useAws } from "../provider";
import { reviewPart } from "../../terraform/review-files";
import type { IClusterNetwork } from "../network/network-props";
import { tcp } from "../network/security-group";
import { efsLimits } from "./read-speeds";
import { type IAwsStorage, type StoragePaths, storagePaths } from "./storage";
import { NFS_PORTS, StorageAccess } from "./storage-access";
import { NFS_TOPIC } from "./storage-rules";

/** AWS's recommendation for EFS: large blocks, and waiting for a slow server. */
const NFS_OPTIONS = [
  "nfsvers=4.1",
  "rsize=1048576",
  "wsize=1048576",
  "hard",
  "timeo=600",
  "retrans=2",
  "noresvport",
];

/** An EFS file system, for configurations and small models: 500 MiB/s per machine. */
export interface EfsStorageProps extends StoragePaths {
  /** Network whose machines reach it. */
  readonly network: IClusterNetwork;
  /**
   * ARN of a KMS key.
   *
   * @default - the key of EFS
   */
  readonly kmsKeyArn?: string;
}

/** An existing EFS file system. */
export interface ExistingEfsProps extends StoragePaths {
  /** E.g. `fs-0123456789abcdef0.efs.us-east-1.amazonaws.com`. */
  readonly dnsName: string;
  /**
   * Zone of its mount target.
   *
   * @default - it has one in every zone
   */
  readonly availabilityZone?: string;
}

/**
 * Elastic File System, encrypted, with a mount target in the zone of the machines.
 *
 * @example
 * const network = new AwsClusterNetwork(this, "net", { availabilityZone: "us-east-1a" });
 * new EfsStorage(this, "models", { network });
 */
export class EfsStorage extends Construct implements IAwsStorage {
  /** An existing file system. The security group of its mount target must let the machines in on port 2049. */
  public static fromExisting(id: string, props: ExistingEfsProps): IAwsStorage {
    const storage = nfs(id, props, `${props.dnsName}:/`, props.availabilityZone);
    const readSpeed = { mountPath: storage.mountPath, what: "EFS", limits: efsLimits(false) };
    return { ...storage, readSpeed };
  }

  public readonly hostPath: string;
  public readonly mountPath: string;
  public readonly isShared = true;
  public readonly isReachedByEfa = false;
  public readonly availabilityZone?: string;
  public readonly mount?: BootMount;
  public readonly readSpeed?: ReadSpeed;
  /** `fs-...` */
  public readonly fileSystemId: string;
  /** Name of its mount target. */
  public readonly dnsName: string;
  /** Group of the mount target: who else mounts it needs rules in it. */
  public readonly securityGroupId: string;

  public constructor(scope: Construct, id: string, props: EfsStorageProps) {
    super(scope, id);
    useAws(this, props.network.provider);
    const { network } = props;
    const access = new StorageAccess(this, "access", {
      name: id,
      network,
      ports: NFS_PORTS,
      bothWays: false,
    });
    const fileSystem = new EfsFileSystem(this, "file-system", {
      encrypted: true,
      kmsKeyId: props.kmsKeyArn,
      throughputMode: "elastic",
      tags: { Name: id },
    });
    reviewPart(this, {
      kind: "storage",
      what: "EFS, elastic throughput, goes with destroy, no backup",
      money: moneyOf({ prices: [unpriced("EFS, by what is stored and moved", 1)] }),
    });
    const target = new EfsMountTarget(this, "target", {
      fileSystemId: fileSystem.id,
      subnetId: network.subnetId,
      securityGroups: [access.securityGroupId],
      dependsOn: [...access.rules],
    });
    // An attribute of the mount target, so that no machine boots before it exists.
    this.fileSystemId = fileSystem.id;
    this.dnsName = target.dnsName;
    this.securityGroupId = access.securityGroupId;
    const storage = nfs(id, props, `${this.dnsName}:/`, network.availabilityZone);
    this.hostPath = storage.hostPath;
    this.mountPath = storage.mountPath;
    this.availabilityZone = network.availabilityZone;
    this.mount = storage.mount;
    this.readSpeed = { mountPath: this.mountPath, what: "EFS", limits: efsLimits(true) };
  }
}

/** An existing NFS server. */
export interface NfsStorageProps extends StoragePaths {
  /** Name or address. */
  readonly server: string;
  /** Absolute path of the exported folder. */
  readonly exportPath: string;
  /**
   * Mount options.
   *
   * @default - version 4.1, blocks of 1 MiB, hard mount
   */
  readonly options?: readonly string[];
  /**
   * Network of the machines: its security group gets a rule that lets them reach `serverCidr`.
   *
   * @default - no rule is created
   */
  readonly network?: IClusterNetwork;
  /**
   * Address of the server as a CIDR, e.g. `10.30.0.7/32`; goes with `network`.
   *
   * @default - no rule is created
   */
  readonly serverCidr?: string;
}

/**
 * A folder of an existing NFS server.
 *
 * @example
 * const network = new AwsClusterNetwork(this, "net", { availabilityZone: "us-east-1a" });
 * new NfsStorage(this, "models", { server: "10.20.0.5", exportPath: "/models", network, serverCidr: "10.20.0.5/32" });
 */
export class NfsStorage extends Construct implements IAwsStorage {
  public readonly hostPath: string;
  public readonly mountPath: string;
  public readonly isShared = true;
  public readonly isReachedByEfa = false;
  public readonly mount?: BootMount;

  public constructor(scope: Construct, id: string, props: NfsStorageProps) {
    super(scope, id);
    const storage = nfs(id, props, `${props.server}:${props.exportPath}`, undefined, props.options);
    this.hostPath = storage.hostPath;
    this.mountPath = storage.mountPath;
    this.mount = storage.mount;
    reportProblems(this, judge(NFS_TOPIC, props, undefined));
    const { network, serverCidr } = props;
    if (network !== undefined && serverCidr !== undefined) {
      useAws(this, network.provider);
      new VpcSecurityGroupEgressRule(this, "out", {
        ...tcp(2049),
        securityGroupId: network.securityGroupId,
        cidrIpv4: serverCidr,
        description: `Machines to the NFS server of '${id}'`,
      });
    }
  }
}

interface MountedStorage extends IAwsStorage {
  readonly mount: BootMount;
}

function nfs(
  id: string,
  props: StoragePaths,
  source: string,
  availabilityZone?: string,
  options: readonly string[] = NFS_OPTIONS,
): MountedStorage {
  const paths = storagePaths(id, props);
  return {
    ...paths,
    isShared: true,
    isReachedByEfa: false,
    availabilityZone,
    mount: { source, hostPath: paths.hostPath, type: "nfs4", options, after: [] },
  };
}
