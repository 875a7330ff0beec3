import type { FactRow } from "./facts";
import rows from "./engine-packages.json";

/** An engine as a Python package that an image of ours is made of. */
export interface EnginePackage extends FactRow {
  readonly id: string;
  /** Name of the engine, as `EngineSpec.name`. */
  readonly engine: string;
  /** Name on the package index. */
  readonly package: string;
  readonly version: string;
  /** Version of torch that it runs with. */
  readonly torch: string;
  /** Docker's names of the architectures that it was run on. */
  readonly architectures: readonly string[];
  readonly note?: string;
}

/** An engine's package. Throws for an id that the catalogue does not hold: that is our mistake. */
export function enginePackageOf(id: string): EnginePackage {
  const row: EnginePackage | undefined = rows.find((candidate) => candidate.id === id);
  if (!row) {
    throw new Error(`no engine package '${id}' in the catalogue`);
  }
  return row;
}
