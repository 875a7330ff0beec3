import type { FactRow } from "./facts";
import rows from "./ray-limits.json";
import { table } from "./table";

/** A limit that Ray sets. */
interface RayLimit extends FactRow {
  readonly mib: number;
}

export const { get: rayLimit } = table<RayLimit>("limit of Ray", rows);
