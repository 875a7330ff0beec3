import { join } from "node:path";
import { FsxDataRepositoryAssociation } from "@cdktf/provider-aws/lib/fsx-data-repository-association";
import { FsxLustreFileSystem } from "@cdktf/provider-aws/lib/fsx-lustre-file-system";
import { Construct } from "constructs";
import type { BootMount } from "../../bootstrap/boot-spec";
import { rootfsFile } from "../../bootstrap/rootfs-file";
import { fsxLustreTierOf } from "../../catalog/fsx-lustre-tiers";
import { judge } from "../../problems/rule";
import { reportProblems } from "../../terraform/app-problems";
import { moneyOf } from "../../review/money";
import { type ReadSpeed, unpriced } from "../../review/place-facts";
import { useAws } from "../provider";
import { reviewPart } from "../../terraform/review-files";
import type { IClusterNetwork } from "../network/network-props";
import { lustreLimits } from "./read-speeds";
import { type IAwsStorage, type StoragePaths, storagePaths } from "./storage";
import { EFA_PORTS, LUSTRE_PORTS, StorageAccess } from "./storage-access";
import { LUSTRE_TOPIC } from "./storage-rules";

/** Deployment type, by the throughput of each TiB in MB/s. */
export enum FsxLustreTier {
  /** One copy of the data: for what can be fetched again. */
  SCRATCH = "scratch",
  /** PERSISTENT_2 of 125 MB/s for each TiB. */
  PERSISTENT_125 = "persistent-125",
  /** PERSISTENT_2 of 250 MB/s for each TiB. */
  PERSISTENT_250 = "persistent-250",
  /** PERSISTENT_2 of 500 MB/s for each TiB. */
  PERSISTENT_500 = "persistent-500",
  /** PERSISTENT_2 of 1000 MB/s for each TiB. */
  PERSISTENT_1000 = "persistent-1000",
}

/** A Lustre file system in the zone of the machines. */
export interface FsxLustreStorageProps extends StoragePaths {
  /** Network whose subnet and zone it is in, and whose machines reach it. */
  readonly network: IClusterNetwork;
  /** Size; the tier decides which there are. Each 2.4 TiB is a server, and a machine gets 5 Gbps from each. */
  readonly capacityTiB: number;
  /**
   * Deployment type and throughput.
   *
   * @default FsxLustreTier.PERSISTENT_1000
   */
  readonly tier?: FsxLustreTier;
  /**
   * Whether machines reach it over EFA, worth it above some 10 GB/s. Not for trn2; cannot be changed later.
   *
   * @default false
   */
  readonly efa?: boolean;
  /**
   * ARN of a KMS key.
   *
   * @default - the key of FSx
   */
  readonly kmsKeyArn?: string;
  /**
   * S3 bucket, or a prefix in one, whose files the file system shows; each is fetched on its first read.
   *
   * @default - none
   */
  readonly dataRepositoryUri?: string;
  /**
   * Folder of the file system that shows them.
   *
   * @default '/'
   */
  readonly dataRepositoryPath?: string;
  /**
   * Whether Terraform refuses to destroy it, and whatever replaces it: `destroy` of its stack then fails before it ends anything, the
   * machines of a cluster in it included. For a file system in a stack of its own, whose weights outlive the clusters that read them
   * (`FsxLustreStorage.fromExisting`).
   *
   * @default false
   */
  readonly retain?: boolean;
}

/** An existing Lustre file system. */
export interface ExistingFsxLustreProps extends StoragePaths {
  /** DNS name of the file system, `fs-….fsx.<region>.amazonaws.com`. */
  readonly dnsName: string;
  /** Name under which clients mount it. */
  readonly mountName: string;
  /** Zone of its servers. */
  readonly availabilityZone: string;
  /**
   * Whether it was created with EFA.
   *
   * @default false
   */
  readonly efa?: boolean;
}

const ROOTFS = join(__dirname, "../rootfs");
/** Lustre's version with the newest clients; FSx's own default is older. */
const LUSTRE_VERSION = "2.15";
/** Unit that makes Lustre's client talk over EFA. */
const EFA_UNIT = "ray-cluster-lustre-efa.service";
const EFA_FILES = [`etc/systemd/system/${EFA_UNIT}`, "usr/local/lib/ray-cluster/lustre-over-efa.sh"];

/**
 * FSx for Lustre in the zone of the machines.
 *
 * @example
 * const network = new AwsClusterNetwork(this, "net", { availabilityZone: "us-east-1a" });
 * new FsxLustreStorage(this, "models", { network, capacityTiB: 4.8, tier: FsxLustreTier.PERSISTENT_500 });
 */
export class FsxLustreStorage extends Construct implements IAwsStorage {
  /** An existing file system. Its security group must let the machines in on ports 988 and 1018 to 1023. */
  public static fromExisting(id: string, props: ExistingFsxLustreProps): IAwsStorage {
    const paths = storagePaths(id, props);
    const efa = props.efa ?? false;
    return {
      ...paths,
      isShared: true,
      isReachedByEfa: efa,
      availabilityZone: props.availabilityZone,
      readSpeed: { mountPath: paths.mountPath, what: "FSx for Lustre", limits: lustreLimits(efa) },
      mount: lustreMount(props.dnsName, props.mountName, paths.hostPath, efa),
    };
  }

  public readonly hostPath: string;
  public readonly mountPath: string;
  public readonly isShared = true;
  public readonly isReachedByEfa: boolean;
  public readonly availabilityZone?: string;
  public readonly capacityGB?: number;
  public readonly isRetained?: boolean;
  public readonly readSpeed?: ReadSpeed;
  public readonly mount?: BootMount;
  /** `fs-...` */
  public readonly fileSystemId: string;
  /** DNS name, known at apply. */
  public readonly dnsName: string;
  /** Name under which clients mount it. */
  public readonly mountName: string;
  /** Group of the file system's network interfaces: who else mounts it needs rules in it. */
  public readonly securityGroupId: string;

  public constructor(scope: Construct, id: string, props: FsxLustreStorageProps) {
    super(scope, id);
    useAws(this, props.network.provider);
    const { network } = props;
    const efa = props.efa ?? false;
    const tier = fsxLustreTierOf(props.tier ?? FsxLustreTier.PERSISTENT_1000);
    reportProblems(this, judge(LUSTRE_TOPIC, { ...props, tier: tier.id, efa }, undefined));
    const access = new StorageAccess(this, "access", {
      name: id,
      network,
      ports: efa ? EFA_PORTS : LUSTRE_PORTS,
      bothWays: true,
    });
    this.isRetained = props.retain ?? false;
    // FSx counts 1.2 TiB as 1200.
    this.capacityGB = Math.round(props.capacityTiB * 1000);
    const isPersistent = tier.deploymentType.startsWith("PERSISTENT");
    const fileSystem = new FsxLustreFileSystem(this, "file-system", {
      subnetIds: [network.subnetId],
      securityGroupIds: [access.securityGroupId],
      deploymentType: tier.deploymentType,
      storageType: "SSD",
      storageCapacity: this.capacityGB,
      perUnitStorageThroughput: isPersistent ? tier.throughputMBpsPerTiB : undefined,
      fileSystemTypeVersion: LUSTRE_VERSION,
      efaEnabled: efa ? true : undefined,
      metadataConfiguration: efa ? { mode: "AUTOMATIC" } : undefined,
      kmsKeyId: props.kmsKeyArn,
      tags: { Name: id },
      dependsOn: [...access.rules],
      lifecycle: this.isRetained ? { preventDestroy: true } : undefined,
    });
    if (props.dataRepositoryUri !== undefined) {
      new FsxDataRepositoryAssociation(this, "repository", {
        fileSystemId: fileSystem.id,
        dataRepositoryPath: props.dataRepositoryUri,
        fileSystemPath: props.dataRepositoryPath ?? "/",
        batchImportMetaDataOnCreate: true,
        // Off by default in the API: without it later files would never appear.
        s3: { autoImportPolicy: { events: ["NEW", "CHANGED", "DELETED"] } },
      });
    }
    const what = `FSx for Lustre ${props.capacityTiB} TiB ${tier.id}`;
    reviewPart(this, {
      kind: "storage",
      what: `FSx for Lustre, ${props.capacityTiB} TiB ${tier.id}, ${this.isRetained ? "protected from destroy" : "goes with destroy"}, no backup`,
      money: moneyOf({ prices: [unpriced(what, 1)] }),
    });
    const { hostPath, mountPath } = storagePaths(id, props);
    this.hostPath = hostPath;
    this.mountPath = mountPath;
    this.isReachedByEfa = efa;
    const limits = lustreLimits(efa, { tier, capacityTiB: props.capacityTiB });
    this.readSpeed = { mountPath, what, limits };
    this.availabilityZone = network.availabilityZone;
    this.fileSystemId = fileSystem.id;
    this.dnsName = fileSystem.dnsName;
    this.mountName = fileSystem.mountName;
    this.securityGroupId = access.securityGroupId;
    this.mount = lustreMount(this.dnsName, this.mountName, hostPath, efa);
  }
}

function lustreMount(dnsName: string, mountName: string, hostPath: string, efa: boolean): BootMount {
  return {
    source: `${dnsName}@tcp:/${mountName}`,
    hostPath,
    type: "lustre",
    options: ["relatime", "flock"],
    after: ["systemd-networkd-wait-online.service", ...(efa ? [EFA_UNIT] : [])],
    files: efa ? EFA_FILES.map((name) => rootfsFile(ROOTFS, name)) : [],
  };
}
