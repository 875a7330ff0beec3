import type { EngineSpec } from "../engine-spec";
import type { Place } from "./place";
import type { NodePlan, PoolPlan } from "./plan";
import { type ClusterSpec, countableNodes, type PoolSpec } from "./spec";

/** The pools, with the addresses that the place gives them. */
export function planPools(spec: ClusterSpec, place: Place): readonly PoolPlan[] {
  return spec.pools.map((pool) => ({
    name: pool.name,
    nodes: pool.nodes,
    machineType: pool.machineType,
    accelerator: pool.acceleratorId ?? "none",
    acceleratorsPerNode: pool.acceleratorsPerNode,
    rayResource: pool.accelerator?.rayResource,
    addresses: place.addresses[pool.name],
  }));
}

/** The nodes: head first, then pool by pool. */
export function planNodes(spec: ClusterSpec, place: Place): readonly NodePlan[] {
  const nodes = spec.pools.flatMap((pool, poolIndex) =>
    Array.from({ length: countableNodes(pool) }, (_, index): NodePlan => ({
      name: place.nodeNames?.[pool.name]?.[index] ?? `${pool.name}-${index}`,
      pool: pool.name,
      index,
      role: poolIndex === 0 && index === 0 ? "head" : "worker",
      address: place.addresses[pool.name]?.[index] ?? headAddressOf(place, poolIndex, index),
      ...deviceIpsOf(place, pool, index),
      acceleratorCount: pool.acceleratorsPerNode,
      ...(pool.devices === undefined ? {} : { devices: pool.devices }),
    })),
  );
  return withOwnEnvironment(nodes, spec.engine.nodeEnvironment);
}

/** The head's address, where the place decides nothing else. */
function headAddressOf({ headAddress }: Place, poolIndex: number, index: number): string | undefined {
  return poolIndex === 0 && index === 0 ? headAddress : undefined;
}

/** Of the chosen devices, where the place states those of the whole machine. */
function deviceIpsOf(place: Place, { name, devices }: PoolSpec, index: number): Pick<NodePlan, "deviceIps"> {
  const stated = place.deviceIps?.[name]?.[index] ?? [];
  if (stated.length === 0) {
    return {};
  }
  const areAll = devices === undefined || stated.length === devices.length;
  return { deviceIps: areAll ? stated : devices.flatMap((device) => stated[device] ?? []) };
}

/** The engine's variables of each node with accelerators, by rank. */
function withOwnEnvironment(
  nodes: readonly NodePlan[],
  byRank: EngineSpec["nodeEnvironment"],
): readonly NodePlan[] {
  if (byRank === undefined) {
    return nodes;
  }
  const ranked = nodes.filter((node) => node.acceleratorCount > 0);
  return nodes.map((node) => {
    const environment = byRank[ranked.indexOf(node)];
    return environment === undefined ? node : { ...node, environment };
  });
}
