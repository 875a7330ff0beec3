import type { FactRow } from "./facts";
import { table } from "./table";
import rows from "./user-data-limits.json";

/** How much user data a provider takes. */
interface UserDataLimit extends FactRow {
  readonly title: string;
  /** Before base64. */
  readonly bytes: number;
}

/** All limits, smallest first. */
export const { all: userDataLimits, get: userDataLimit } = table<UserDataLimit>("user data limit", rows);
