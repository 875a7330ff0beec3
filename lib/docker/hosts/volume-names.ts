import type { ClusterPlan } from "../../topology/plan/plan";

/** Docker volume of each machine with the node's state. */
export function stateVolume({ name }: Pick<ClusterPlan, "name">): string {
  return name;
}

/** Docker volume of each machine with the token. */
export function tokenVolume({ name }: Pick<ClusterPlan, "name">): string {
  return `${name}-secrets`;
}
