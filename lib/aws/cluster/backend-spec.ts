import { Token } from "cdktf";
import type { ClusterDeclaration } from "../../terraform/cluster-backend";
import { pulledImage } from "../../topology/declaration/derived-image";
import type { NodeSizes } from "../../topology/rules/node-sizes";
import { leastLimit } from "../account/price-limit";
import type { HourlyPrice } from "../account/prices";
import { ecrRepository } from "../account/registry";
import { known } from "../known";
import { poolSpec } from "../pool/pool-machines";
import type { PoolPaths, PoolSpec } from "../pool/pool-spec";
import { isAwsStorage } from "../storage/storage";
import type { SiteDecisions } from "./site-decisions";

/** A cluster on EC2 as its rules see it, defaults filled in. */
export interface BackendSpec extends NodeSizes {
  readonly fabric: string;
  readonly pools: readonly BackendPool[];
  /** Pools that options name, in their order. */
  readonly namedPools: readonly string[];
  readonly storage: readonly StorageSpec[];
  /** `undefined`: known only at apply. */
  readonly subnetCidr?: string;
  readonly hasKnownHead: boolean;
  readonly bootTimeoutSeconds: number;
  /** `undefined`: known only at apply, or not given. */
  readonly maxUsdPerHour?: number;
  readonly price: HourlyPrice;
  /** The least limit that covers the price. */
  readonly leastUsdPerHour: number;
  /** `undefined`: known only at apply. */
  readonly clientCidrs: readonly (string | undefined)[];
  /** Of the model's source, where it is known at synth. */
  readonly modelSecretId?: string;
  /** A file of the machine that runs Terraform, for a derived image. */
  readonly localFileOfImage?: string;
  /** What the machines fetch from outside AWS and cannot reach. */
  readonly unreachable: readonly Unreachable[];
}

export interface Unreachable {
  readonly path: string;
  readonly what: string;
}

export interface StorageSpec {
  readonly hostPath: string;
  /** Whether the machines mount or fill it. */
  readonly isAws: boolean;
  readonly isShared: boolean;
}

export interface BackendPool {
  readonly name: string;
  /** Key of the accelerator; `undefined`: none. */
  readonly acceleratorId?: string;
  /** `undefined`: as many as the usual board has. */
  readonly acceleratorsPerNode?: number;
  /** Where the machine image mounts the instance store; `undefined`: not known. */
  readonly localDiskFolder?: string;
  readonly machines: PoolSpec;
  readonly paths: PoolPaths;
}

export function backendSpec(decisions: SiteDecisions, declaration: ClusterDeclaration): BackendSpec {
  const { props, price, bootTimeoutSeconds } = decisions;
  const { image, storage } = declaration;
  const storagePaths = storage.flatMap((one, index) => (isAwsStorage(one) ? [`storage[${index}]`] : []));
  return {
    fabric: declaration.fabric.id,
    pools: decisions.pools.map(({ name, machines, paths }, index) => ({
      name,
      acceleratorId: declaration.pools[index].accelerator?.id,
      acceleratorsPerNode: declaration.pools[index].acceleratorsPerNode,
      localDiskFolder: machines.machineImage.localDiskFolder,
      machines: poolSpec(machines, storagePaths),
      paths,
    })),
    namedPools: (props.pools ?? []).map(({ pool }) => pool),
    storage: storage.map((one) => ({
      hostPath: one.hostPath,
      isShared: one.isShared,
      isAws: isAwsStorage(one),
    })),
    subnetCidr: known(props.network.subnetCidr),
    hasKnownHead: props.headAddress === undefined || known(props.headAddress) !== undefined,
    bootTimeoutSeconds,
    objectStoreMiB: props.objectStoreMiB,
    sharedMemoryMiB: props.sharedMemoryMiB,
    maxUsdPerHour: Token.isUnresolved(props.maxUsdPerHour) ? undefined : props.maxUsdPerHour,
    price,
    leastUsdPerHour: leastLimit(price),
    clientCidrs: (props.clientCidrs ?? []).map(known),
    modelSecretId: known(declaration.model?.secret?.id),
    localFileOfImage: image.derived?.pipConfigurationFile ?? image.derived?.certificateAuthoritiesFile,
    unreachable: props.network.reachesOutside === false ? outside(declaration) : [],
  };
}

function outside({ image, model }: ClusterDeclaration): readonly Unreachable[] {
  const pulled = pulledImage(image);
  return [
    ...(ecrRepository(pulled) === undefined ? [{ path: "image", what: pulled }] : []),
    ...(image.derived === undefined ? [] : [{ path: "image", what: "Python packages of an index" }]),
    ...(model?.isOfHub === true && model.endpoint !== undefined
      ? [{ path: "model.endpoint", what: model.endpoint }]
      : []),
  ];
}
