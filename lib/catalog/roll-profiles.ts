import type { FactRow } from "./facts";
import rows from "./roll-profiles.json";
import { table } from "./table";

/** Named settings of ROLL for one purpose. */
export interface RollProfileFacts extends FactRow {
  readonly id: string;
  readonly title: string;
  /** By dotted key of ROLL's configuration. */
  readonly settings: { readonly [key: string]: unknown };
  /** Keys of the guide that ROLL's source does not have, with their names there. */
  readonly renamed: { readonly [key: string]: string };
}

export const { all: allRollProfiles, get: rollProfile } = table<RollProfileFacts>("profile of ROLL", rows);
