import type { FactRow } from "./facts";
import rows from "./ray-limits.json";
import { table } from "./table";

/** A limit that Ray sets. */
interface RayLimit extends FactRow {
  readonly id: string;
  readonly mib: number;
  readonly meaning: string;
}

/** Smallest object store with which Ray starts, in MiB. */
export function minimumObjectStoreMiB(): number {
  return table<RayLimit>("limit of Ray", rows).get("object-store-minimum").mib;
}
