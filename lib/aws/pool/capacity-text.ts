import { known } from "../known";
import type { Capacity, CapacityKind } from "./capacity";

const PAID: { readonly [kind in CapacityKind]: string } = {
  "on-demand": "on demand",
  reservation: "reservation",
  "capacity-block": "Capacity Block",
  "ultra-server-block": "UltraServer block",
  spot: "spot",
};

/** How machines are paid, for a person. */
export function paid({ kind, id, endsAt, workersEndAt, fallsBackToOnDemand }: Capacity): string {
  const name = known(id);
  const end =
    (fallsBackToOnDemand ? ", workers beyond it on demand" : "") +
    (workersEndAt === undefined ? "" : `, ends ${endsAt}, its workers ${workersEndAt}`);
  return name === undefined ? `${PAID[kind]}${end}` : `${PAID[kind]} \`${name}\`${end}`;
}
