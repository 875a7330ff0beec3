import { EfsFileSystem } from "@cdktf/provider-aws/lib/efs-file-system";
import { EfsMountTarget } from "@cdktf/provider-aws/lib/efs-mount-target";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { Construct } from "constructs";
import type { BootMount } from "../../bootstrap/boot-spec";
import { constrainProvider } from "../../terraform/provider-versions";
import type { IClusterNetwork } from "../network/network-props";
import { tcp } from "../network/security-group";
import { type IAwsStorage, type StoragePaths, storagePaths } from "./storage";
import { NFS_PORTS, StorageAccess } from "./storage-access";

/** As AWS advises for EFS: large blocks, and a server that is slow is waited for. */
const NFS_OPTIONS = [
  "nfsvers=4.1",
  "rsize=1048576",
  "wsize=1048576",
  "hard",
  "timeo=600",
  "retrans=2",
  "noresvport",
];

/** A file system of EFS: for configurations and small models, 500 MiB/s a machine. */
export interface EfsStorageProps extends StoragePaths {
  readonly network: IClusterNetwork;
  /**
   * ARN of a KMS key.
   *
   * @default - the key of EFS
   */
  readonly kmsKeyArn?: string;
}

/** A file system of EFS that exists. */
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

/** Elastic File System, encrypted, with a mount target in the zone of the machines. */
export class EfsStorage extends Construct implements IAwsStorage {
  /** One that exists. The group of its mount target must let the machines in on 2049. */
  public static fromExisting(id: string, props: ExistingEfsProps): IAwsStorage {
    return nfs(id, props, `${props.dnsName}:/`, props.availabilityZone);
  }

  public readonly hostPath: string;
  public readonly mountPath: string;
  public readonly isShared = true;
  public readonly isReachedByEfa = false;
  public readonly availabilityZone: string;
  public readonly mount: BootMount;

  public constructor(scope: Construct, id: string, props: EfsStorageProps) {
    super(scope, id);
    constrainProvider(this, "aws");
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
    const target = new EfsMountTarget(this, "target", {
      fileSystemId: fileSystem.id,
      subnetId: network.subnetId,
      securityGroups: [access.securityGroupId],
    });
    // The target's attribute, so that nothing boots before it is there.
    const storage = nfs(id, props, `${target.dnsName}:/`, network.availabilityZone);
    this.hostPath = storage.hostPath;
    this.mountPath = storage.mountPath;
    this.availabilityZone = network.availabilityZone;
    this.mount = storage.mount;
  }
}

/** A server of NFS that exists. */
export interface NfsStorageProps extends StoragePaths {
  /** Name or address. */
  readonly server: string;
  /** Absolute path of the export. */
  readonly exportPath: string;
  /**
   * Options of the mount.
   *
   * @default - version 4.1, blocks of 1 MiB, a slow server is waited for
   */
  readonly options?: readonly string[];
  /**
   * Network whose machines reach it; with `serverCidr` their security group lets them out to it.
   *
   * @default - the group lets them already
   */
  readonly network?: IClusterNetwork;
  /**
   * Address of the server as a CIDR, e.g. `10.30.0.7/32`.
   *
   * @default - no rule is made
   */
  readonly serverCidr?: string;
}

/** A folder of a server that exists; nothing of it is made. */
export class NfsStorage extends Construct implements IAwsStorage {
  public readonly hostPath: string;
  public readonly mountPath: string;
  public readonly isShared = true;
  public readonly isReachedByEfa = false;
  public readonly mount: BootMount;

  public constructor(scope: Construct, id: string, props: NfsStorageProps) {
    super(scope, id);
    const storage = nfs(id, props, `${props.server}:${props.exportPath}`, undefined, props.options);
    this.hostPath = storage.hostPath;
    this.mountPath = storage.mountPath;
    this.mount = storage.mount;
    if (props.network !== undefined && props.serverCidr !== undefined) {
      constrainProvider(this, "aws");
      new VpcSecurityGroupEgressRule(this, "out", {
        ...tcp(2049),
        securityGroupId: props.network.securityGroupId,
        cidrIpv4: props.serverCidr,
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
