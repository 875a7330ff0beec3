import type { ClusterDeclaration } from "../../terraform/cluster-backend";
import type { NodePool } from "../../topology/declaration/cluster-props";
import { Fabric } from "../../topology/declaration/fabric";
import { addressText, parseSubnet } from "../../topology/plan/addressing";
import { hourlyPrice, type HourlyPrice } from "../account/prices";
import { known } from "../known";
import { type PoolMachines, type PoolPaths, poolMachines } from "../pool/pool-machines";
import { type IAwsStorage, isAwsStorage } from "../storage/storage";
import type { AwsBackendProps } from "./backend-props";

/** What the place decides for one cluster: once, before its plan. */
export interface SiteDecisions {
  readonly props: AwsBackendProps;
  readonly declaration: ClusterDeclaration;
  /** As given, or the tenth of the subnet. @default - the subnet is not known at synth */
  readonly headAddress?: string;
  readonly pools: readonly SitePool[];
  /** What of the cluster's storage the machines mount or fill. */
  readonly storage: readonly IAwsStorage[];
  readonly bootTimeoutSeconds: number;
  readonly price: HourlyPrice;
}

/** A pool of the cluster and its machines, without what they boot. */
export interface SitePool {
  readonly pool: NodePool;
  readonly machines: PoolMachines;
  /** Where its properties are declared. */
  readonly paths: PoolPaths;
}

/** The first hosts of a subnet belong to AWS. */
const HEAD_HOST = 10;
/** Until the slowest machine has pulled an image of 20 GB. */
const DEFAULT_BOOT_SECONDS = 1800;

export function decideSite(props: AwsBackendProps, declaration: ClusterDeclaration): SiteDecisions {
  const storage = declaration.storage.filter(isAwsStorage);
  const subnet = parseSubnet(known(props.network.subnetCidr) ?? "");
  const headAddress = known(props.headAddress) ?? (subnet && addressText(subnet.network + HEAD_HOST));
  const pools = declaration.pools.map((pool, index): SitePool => {
    const options = (props.pools ?? []).findIndex((candidate) => candidate.pool === pool.name);
    const own = props.pools?.[options];
    return {
      pool,
      machines: poolMachines({
        network: props.network,
        instanceType: pool.machineType ?? "",
        nodes: pool.nodes,
        // What has no accelerators sends nothing over the fabric, and machines for a head alone have none.
        fabric: hasAccelerators(pool) ? declaration.fabric : Fabric.TCP,
        storage: declaration.storage,
        headAddress: index === 0 ? headAddress : undefined,
        capacity: own?.capacity ?? props.capacity,
        machineImage: own?.machineImage ?? props.machineImage,
        machineImageRelease: own?.machineImageRelease ?? props.machineImageRelease,
        nicLayout: own?.nicLayout ?? props.nicLayout,
        rootVolumeGiB: own?.rootVolumeGiB ?? props.rootVolumeGiB,
        instanceTypes: [...(own?.instanceTypes ?? []), ...(props.instanceTypes ?? [])],
        capacityTimeoutMinutes: own?.capacityTimeoutMinutes ?? props.capacityTimeoutMinutes,
        rootVolumeKmsKeyArn: props.kmsKeyArn,
      }),
      paths: {
        instanceType: `pools[${index}].machineType`,
        nodes: `pools[${index}].nodes`,
        place: "backend.",
        options: own === undefined ? "backend." : `backend.pools[${options}].`,
      },
    };
  });
  return {
    props,
    declaration,
    headAddress,
    pools,
    storage,
    bootTimeoutSeconds: props.bootTimeoutSeconds ?? DEFAULT_BOOT_SECONDS,
    price: hourlyPrice(pools.map(({ machines }) => machines)),
  };
}

function hasAccelerators({ accelerator, acceleratorsPerNode }: NodePool): boolean {
  return accelerator !== undefined && acceleratorsPerNode !== 0;
}
