import type { AcceleratorFacts } from "../../catalog/accelerators";
import { fabricNeed } from "../../catalog/fabrics";
import type { UlimitFact } from "../../catalog/facts";
import type { Place } from "./place";
import type { ContainerNeeds } from "./plan";
import type { ClusterSpec } from "./spec";

/** Shared memory besides what accelerators and the object store take. */
const BASE_SHARED_MEMORY_MIB = 256;

/** What the containers need of their hosts, from accelerators and fabric. */
export function planContainerNeeds(spec: ClusterSpec, place: Place): ContainerNeeds {
  const kinds = acceleratorKinds(spec);
  const need = fabricNeed(spec.fabric, spec.collective);
  return {
    networkMode: place.networkMode,
    sharedMemoryMiB: place.sharedMemoryMiB ?? sharedMemoryMiB(spec, place),
    capabilities: unique([...kinds.flatMap((kind) => kind.capabilities), ...(need?.capabilities ?? [])]),
    ulimits: widestUlimits([...kinds.flatMap((kind) => kind.ulimits), ...(need?.ulimits ?? [])]),
    mounts: [...new Map(kinds.flatMap((kind) => kind.mounts).map((mount) => [mount.target, mount])).values()],
    extras: spec.extras,
    runtime: kinds.find((kind) => kind.runtime !== null)?.runtime ?? undefined,
  };
}

/** Device nodes (or folders of them) that the fabric needs in every container with accelerators. */
export function fabricDevices(fabricId: string, accelerator: AcceleratorFacts): readonly string[] {
  return fabricNeed(fabricId, accelerator.collective)?.devices ?? [];
}

function acceleratorKinds(spec: ClusterSpec): readonly AcceleratorFacts[] {
  const used = spec.pools.filter((pool) => pool.acceleratorsPerNode > 0);
  return [...new Set(used.flatMap((pool) => pool.accelerator ?? []))];
}

function sharedMemoryMiB(spec: ClusterSpec, place: Place): number {
  const accelerators = Math.max(
    0,
    ...spec.pools.map(
      (pool) => (pool.accelerator?.sharedMemoryMiBPerAccelerator ?? 0) * pool.acceleratorsPerNode,
    ),
  );
  return BASE_SHARED_MEMORY_MIB + accelerators + (place.objectStoreMiB ?? 0);
}

/** One limit for each name: the wider of two, where -1 is the widest. */
export function widestUlimits(ulimits: readonly UlimitFact[]): readonly UlimitFact[] {
  const widest = (a: number, b: number) => (a === -1 || b === -1 ? -1 : Math.max(a, b));
  const byName = new Map<string, UlimitFact>();
  for (const limit of ulimits) {
    const other = byName.get(limit.name) ?? limit;
    byName.set(limit.name, {
      name: limit.name,
      soft: widest(limit.soft, other.soft),
      hard: widest(limit.hard, other.hard),
    });
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}
