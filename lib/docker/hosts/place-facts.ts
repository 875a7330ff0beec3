import { filteredReach } from "../../review/filtered-reach";
import type { PlaceFacts } from "../../review/place-facts";
import { gateContainer } from "../../runtime/container-spec/gate-container";
import type { PacketFilter } from "../../topology/declaration/packet-filter";
import type { ClusterPlan } from "../../topology/plan/plan";

/** What a person must know of containers on machines that exist already. */
export function hostsPlaceFacts(plan: ClusterPlan, filter: PacketFilter): PlaceFacts {
  return {
    reach: filteredReach(filter),
    destroy: {
      lost: ["all containers, the Ray token, and the nodes' state"],
      kept: ["the machines", "images", ...plan.storage.map(({ hostPath }) => hostPath)],
    },
    givesUpAfterSeconds: gateContainer(plan).timeoutSeconds,
    recovery: {
      worker:
        "Docker starts its container again when the machine is back; a machine that stays away is marked as lost, or another takes its place, and deployed.",
      head: "The same; no other node takes its place by itself.",
      site: "the cluster is down until the machines are back; then Docker starts all nodes again",
      storage: "the engine keeps what it has loaded; it cannot restart until the folder is back",
    },
  };
}
