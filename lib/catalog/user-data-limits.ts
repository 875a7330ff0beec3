import type { FactRow } from "./facts";
import rows from "./user-data-limits.json";

/** How much user data a provider takes. */
export interface UserDataLimit extends FactRow {
  readonly id: string;
  readonly title: string;
  /** Before base64. */
  readonly bytes: number;
  readonly note: string;
}

/** All limits, smallest first. */
export function userDataLimits(): readonly UserDataLimit[] {
  return rows;
}

/** Bytes that a provider takes. Throws for an id that the catalogue does not hold: that is our mistake. */
export function userDataLimitOf(id: string): number {
  const row = rows.find((candidate) => candidate.id === id);
  if (!row) {
    throw new Error(`no user data limit '${id}' in the catalogue`);
  }
  return row.bytes;
}
