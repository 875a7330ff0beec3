import type { FactRow } from "./facts";
import rows from "./fsx-lustre-tiers.json";

/** A kind of Lustre file system that AWS sells, with the sizes that it has. */
export interface FsxLustreTierFacts extends FactRow {
  readonly id: string;
  readonly deploymentType: string;
  readonly throughputMBpsPerTiB: number;
  /** Sizes below the first step. */
  readonly smallestTiB: readonly number[];
  readonly stepTiB: number;
  /** With EFA; `null`: it has none. */
  readonly efaStepTiB: number | null;
  readonly note?: string;
}

/** A tier of the catalogue. Throws for an id that it does not hold: that is our mistake. */
export function fsxLustreTierOf(id: string): FsxLustreTierFacts {
  const row = (rows as readonly FsxLustreTierFacts[]).find((candidate) => candidate.id === id);
  if (row === undefined) {
    throw new Error(`no tier '${id}' of FSx for Lustre in the catalogue`);
  }
  return row;
}
