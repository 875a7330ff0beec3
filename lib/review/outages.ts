import { counted } from "../problems/text";
import { engineKind } from "../topology/engine-spec";
import type { ClusterPlan } from "../topology/plan/plan";
import type { PlaceFacts } from "./place-facts";
import { duration } from "./time";

/** What happens when something dies, and who acts. */
export interface Outage {
  readonly what: string;
  readonly then: string;
}

export function outages(plan: ClusterPlan, { recovery }: PlaceFacts): readonly Outage[] {
  const { deadlines, retries, nodes } = plan;
  const engine = engineKind(plan.engine) === "none" ? "" : "the engine is stopped; ";
  const again =
    `${engine}once all ${counted(nodes.length, "node")} are members again, ` +
    `${engineKind(plan.engine) === "none" ? "the cluster is whole" : "it is started again"}; the head waits at most ` +
    `${duration(deadlines.membershipSeconds)}, and gives up after ${counted(retries.engineStarts, "failed start")} in a row`;
  return [
    ...(nodes.length > 1 ? [{ what: "a worker", then: `${again}. ${recovery.worker}` }] : []),
    { what: "the head", then: `no API and no Ray until it is back; every node rejoins. ${recovery.head}` },
    { what: "the zone or the building", then: recovery.site },
    { what: "the storage", then: recovery.storage },
  ];
}
