import type { FactRow } from "./facts";
import rows from "./fsx-lustre-tiers.json";
import { table } from "./table";

/** A tier of FSx for Lustre with its sizes. */
export interface FsxLustreTierFacts extends FactRow {
  readonly id: string;
  readonly deploymentType: string;
  readonly throughputMBpsPerTiB: number;
  /** What a storage server holds, without EFA. */
  readonly tibPerServer: number;
  /** Sizes below the first step. */
  readonly smallestTiB: readonly number[];
  readonly stepTiB: number;
  /** With EFA; `null`: it has none. */
  readonly efaStepTiB: number | null;
}

export const { get: fsxLustreTierOf } = table<FsxLustreTierFacts>("tier of FSx for Lustre", rows);
