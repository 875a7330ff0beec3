import { Accelerator } from "../../../../../lib/topology/declaration/accelerator";
import type { ClusterProps, NodePool } from "../../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../../lib/topology/declaration/container-image";
import type { Place } from "../../../../../lib/topology/plan/place";

/** A declaration that breaks one rule. */
export interface BadInput {
  readonly rule: string;
  readonly path: string;
  readonly got: string;
  /** Further rules that the same value cannot but break. */
  readonly also?: readonly string[];
  /** Changes to two nodes of eight emulated NPUs in containers. */
  readonly props?: Partial<ClusterProps>;
  readonly place?: Partial<Place>;
  /** Changes to four machines of eight H100 instead. */
  readonly machines?: true;
}

/** What a row of a table declares. */
export type Declared = BadInput["props"];

export function npu(change: Partial<NodePool> = {}): NodePool {
  return { name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 8, ...change };
}

export function pools(...list: readonly NodePool[]): Declared {
  return { pools: list };
}

export function image(reference: string, rayVersion = "2.58.0", pythonVersion?: string): Declared {
  return { image: ContainerImage.of(reference, { rayVersion, pythonVersion }) };
}

export function environment(name: string, value: string): Declared {
  return { environment: { [name]: value } };
}
