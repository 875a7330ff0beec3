import type { FactRow } from "./facts";
import rows from "./engine-packages.json";
import { table } from "./table";

/** The Python package of an engine that an image of this library contains. */
export interface EnginePackage extends FactRow {
  readonly id: string;
  /** Name of the engine, as `EngineSpec.name`. */
  readonly engine: string;
  /** Name on the package index. */
  readonly package: string;
  readonly version: string;
  /** Version of torch that it runs with. */
  readonly torch: string;
  /** Architectures that it was tested on, in Docker's names. */
  readonly architectures: readonly string[];
}

export const { get: enginePackageOf } = table<EnginePackage>("engine package", rows);
