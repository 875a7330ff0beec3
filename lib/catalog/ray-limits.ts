import type { FactRow } from "./facts";
import rows from "./ray-limits.json";
import { table } from "./table";

/** A limit that Ray sets. */
interface RayLimit extends FactRow {
  readonly id: string;
  readonly mib: number;
  readonly meaning: string;
}

const limits = table<RayLimit>("limit of Ray", rows);

/** Smallest object store with which Ray starts, in MiB. */
export function minimumObjectStoreMiB(): number {
  return limits.get("object-store-minimum").mib;
}
