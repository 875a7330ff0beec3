import rows from "./cann-drivers.json";
import type { FactRow } from "./facts";
import { table } from "./table";

/** The oldest driver that a release of CANN was published with. Older ones are tested with some releases, too. */
export interface CannDriverFacts extends FactRow {
  /** `major.minor` of CANN. */
  readonly cann: string;
  /** `major.minor` of the driver (Ascend HDK). */
  readonly driver: string;
}

const drivers = table<CannDriverFacts>("driver of CANN", rows, "cann");

export const { all: cannDrivers } = drivers;

/** @param cann e.g. `8.3.rc1`; @returns `undefined` where it is not known */
export function oldestDriverOfCann(cann: string): string | undefined {
  return drivers.find(/^\d+\.\d+/.exec(cann)?.[0] ?? "")?.driver;
}
