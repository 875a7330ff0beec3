import { filteredReach } from "../review/filtered-reach";
import type { PlaceFacts } from "../review/place-facts";
import type { ClusterPlan } from "../topology/plan/plan";
import { waitSeconds } from "./cluster-wait";
import type { CloudInitSettings } from "./settings";

/** What a person must know of machines that somebody else makes. */
export function cloudInitPlaceFacts(plan: ClusterPlan, settings: CloudInitSettings): PlaceFacts {
  const { readiness, bootTimeoutSeconds } = settings;
  return {
    prices: [
      {
        what: "machines",
        count: plan.nodes.length,
        source: "they are made by other resources, or exist: their price is not known here",
      },
    ],
    reach: filteredReach(settings.packetFilter),
    destroy: {
      lost: ["whatever the resources of the machines take with them"],
      kept: ["machines that other stacks make"],
    },
    givesUpAfterSeconds: readiness === undefined ? undefined : waitSeconds(plan, bootTimeoutSeconds),
    bootSeconds: bootTimeoutSeconds,
    recovery: {
      worker: "Its container starts again with the machine; a lost machine is its provider's matter.",
      head: "The same.",
      site: "the cluster is down until its machines are back",
      storage: "the engine keeps what it has loaded; it cannot restart until the folder is back",
    },
  };
}
