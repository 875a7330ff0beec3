import type { FsxLustreTierFacts } from "../../catalog/fsx-lustre-tiers";
import { storageSpeedOf } from "../../catalog/storage-speeds";
import type { SpeedLimit } from "../../review/place-facts";

/**
 * What bytes of a Lustre file system pass on their way to the machines.
 *
 * @param size tier and TiB. @default - not known here
 */
export function lustreLimits(
  efa: boolean,
  size?: { readonly tier: FsxLustreTierFacts; readonly capacityTiB: number },
): readonly SpeedLimit[] {
  const ofAll =
    size === undefined
      ? []
      : [limit("the file system", size.capacityTiB * size.tier.throughputMBpsPerTiB * 1e6, true)];
  if (efa) {
    return [...ofAll, limit("one machine over EFA", speed("fsx-lustre-efa-client"))];
  }
  const most = speed("fsx-lustre-client");
  if (size === undefined) {
    return [limit("one machine over TCP", most)];
  }
  // A started step is a server.
  const servers = Math.ceil(size.capacityTiB / size.tier.tibPerServer);
  const together = Math.min(most, servers * speed("fsx-lustre-client-of-server"));
  return [...ofAll, limit(`one machine over TCP from ${servers} servers`, together)];
}

/** @param isElastic whether the throughput is known to be elastic */
export function efsLimits(isElastic: boolean): readonly SpeedLimit[] {
  return [
    ...(isElastic ? [limit("the file system", speed("efs-elastic"), true)] : []),
    limit("one machine over NFS", speed("efs-client")),
  ];
}

/** @param gbps of each machine; the slowest counts */
export function networkLimits(gbps: readonly number[]): readonly SpeedLimit[] {
  return gbps.length === 0 ? [] : [limit("its network", (Math.min(...gbps) * 1e9) / 8)];
}

function limit(what: string, bytesPerSecond: number, isShared = false): SpeedLimit {
  return { what, bytesPerSecond, isShared };
}

function speed(id: string): number {
  return storageSpeedOf(id).bytesPerSecond;
}
