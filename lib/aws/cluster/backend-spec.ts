import { Token } from "cdktf";
import { parseSubnet, addressText } from "../../topology/plan/addressing";
import type { ClusterDeclaration } from "../../terraform/cluster-backend";
import type { NodePool } from "../../topology/declaration/cluster-props";
import type { IStorage } from "../../topology/declaration/storage";
import type { AwsBackendProps } from "./backend-props";
import { Capacity } from "../pool/capacity";
import { known } from "../known";
import { AwsMachineImage } from "../pool/machine-image";
import type { AwsNodePoolProps } from "../pool/node-pool-props";
import { poolSpec } from "../pool/pool-machines";
import type { PoolSpec } from "../pool/pool-spec";
import { ecrRepository } from "../account/registry";

/** A cluster on EC2 as its rules see it, defaults filled in. */
export interface BackendSpec {
  readonly fabric: string;
  readonly pools: readonly BackendPool[];
  /** Pools that options name, in their order. */
  readonly namedPools: readonly string[];
  readonly clusterStorage: readonly StorageSpec[];
  readonly mountedStorage: readonly StorageSpec[];
  /** `undefined`: known only at apply. */
  readonly subnetCidr?: string;
  readonly hasKnownHead: boolean;
  readonly bootTimeoutSeconds: number;
  /** `undefined`: known only at apply, or not given. */
  readonly consentUsdPerHour?: number;
  readonly clientCidrs: readonly string[];
  /** Of the model's source, where it is known at synth. */
  readonly modelSecretId?: string;
  /** A file of the machine of Terraform that a derived image wants. */
  readonly localFileOfImage?: string;
  /** What machines fetch from outside of AWS, by the property that names it; empty where they can. */
  readonly unreachable: readonly Unreachable[];
}

export interface Unreachable {
  readonly path: string;
  readonly what: string;
}

export interface StorageSpec {
  readonly hostPath: string;
  readonly mountPath: string;
  readonly isShared: boolean;
  /** Whether it is more than a folder of the machine. */
  readonly isAws: boolean;
}

export interface BackendPool {
  readonly name: string;
  /** Key of the accelerator; `undefined`: none. */
  readonly acceleratorId?: string;
  /** `undefined`: as many as the usual board has. */
  readonly acceleratorsPerNode?: number;
  /** Path of its options, to begin a problem's path with. */
  readonly optionsPath: string;
  /** Folder of the machine image where the machine's own disks are mounted; `undefined`: not known. */
  readonly localDiskFolder?: string;
  readonly machines: PoolSpec;
}

/** The first hosts of a subnet belong to AWS. */
const HEAD_HOST = 10;

/** The head's address: as given, or the tenth of the subnet; `undefined` where the subnet is not known at synth. */
export function headAddressOf({ headAddress, network }: AwsBackendProps): string | undefined {
  const subnet = parseSubnet(known(network.subnetCidr) ?? "");
  return headAddress ?? (subnet && addressText(subnet.network + HEAD_HOST));
}

/** What a pool's machines are, without what they boot. */
export function machinesOf(
  props: AwsBackendProps,
  pool: Pick<NodePool, "name" | "nodes">,
  fabric: AwsNodePoolProps["fabric"],
  hasHead: boolean,
): AwsNodePoolProps {
  const own = props.pools?.find((options) => options.pool === pool.name);
  const { network, storage, capacity, machineImage, nicLayout, rootVolumeGiB } = props;
  return {
    network,
    nodes: pool.nodes,
    fabric,
    storage,
    headAddress: hasHead ? headAddressOf(props) : undefined,
    instanceType: own?.instanceType ?? props.instanceType,
    capacity: own?.capacity ?? capacity ?? Capacity.onDemand(),
    machineImage: own?.machineImage ?? machineImage,
    nicLayout: own?.nicLayout ?? nicLayout,
    rootVolumeGiB: own?.rootVolumeGiB ?? rootVolumeGiB,
    rootVolumeKmsKeyArn: props.kmsKeyArn,
  };
}

export function imageOf({ machineImage, instanceType }: AwsNodePoolProps): AwsMachineImage {
  return machineImage ?? AwsMachineImage.for(instanceType);
}

export function backendSpec(props: AwsBackendProps, declaration: ClusterDeclaration): BackendSpec {
  const { fabric, image, pools, storage } = declaration;
  const derived = image.derived;
  return {
    fabric: fabric.id,
    pools: pools.map((pool, index) => {
      const machines = machinesOf(props, pool, fabric, index === 0);
      const options = (props.pools ?? []).findIndex((candidate) => candidate.pool === pool.name);
      return {
        name: pool.name,
        acceleratorId: pool.accelerator?.id,
        acceleratorsPerNode: pool.acceleratorsPerNode,
        optionsPath: options < 0 ? "backend" : `backend.pools[${options}]`,
        localDiskFolder: imageOf(machines).localDiskFolder,
        machines: poolSpec(machines),
      };
    }),
    namedPools: (props.pools ?? []).map(({ pool }) => pool),
    clusterStorage: storage.map(storageSpec),
    mountedStorage: (props.storage ?? []).map(storageSpec),
    subnetCidr: known(props.network.subnetCidr),
    hasKnownHead: props.headAddress === undefined || known(props.headAddress) !== undefined,
    bootTimeoutSeconds: props.bootTimeoutSeconds ?? DEFAULT_BOOT_SECONDS,
    consentUsdPerHour: Token.isUnresolved(props.consentUsdPerHour) ? undefined : props.consentUsdPerHour,
    clientCidrs: (props.clientCidrs ?? []).filter((cidr) => known(cidr) !== undefined),
    modelSecretId: known(declaration.model?.secret?.id),
    localFileOfImage: derived?.pipConfigurationFile ?? derived?.certificateAuthoritiesFile,
    unreachable: props.network.reachesOutside === false ? outside(declaration) : [],
  };
}

/** Until the slowest machine has pulled an image of 20 GB. */
export const DEFAULT_BOOT_SECONDS = 1800;

function outside({ image, model }: ClusterDeclaration): readonly Unreachable[] {
  const pulled = image.derived?.base ?? image.reference;
  return [
    ...(ecrRepository(pulled) === undefined ? [{ path: "image", what: pulled }] : []),
    ...(image.derived === undefined ? [] : [{ path: "image", what: "Python packages of an index" }]),
    ...(model?.kind === "huggingFace" && model.endpoint !== undefined
      ? [{ path: "model.endpoint", what: model.endpoint }]
      : []),
  ];
}

function storageSpec(storage: IStorage): StorageSpec {
  const { hostPath, mountPath, isShared } = storage;
  return { hostPath, mountPath, isShared, isAws: "isReachedByEfa" in storage };
}
