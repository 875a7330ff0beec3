import type { PlaceFacts } from "../../review/place-facts";
import { gateContainer } from "../../runtime/container-spec/gate-container";
import type { ClusterPlan } from "../../topology/plan/plan";

/** What a person must know of containers on one machine. */
export function localPlaceFacts(plan: ClusterPlan): PlaceFacts {
  const shared = plan.storage.filter(({ isShared }) => isShared).map(({ hostPath }) => hostPath);
  return {
    reach: {
      clients: ["programs of this machine"],
      apiHeldBy: "the loopback interface",
      clusterHeldBy: "a Docker network of this machine",
      wayOut: "whatever the Docker host reaches",
    },
    destroy: {
      lost: ["all containers, their volumes, and models in them"],
      kept: ["images", ...shared],
    },
    givesUpAfterSeconds: gateContainer(plan).timeoutSeconds,
    recovery: {
      worker: "Docker starts its container again.",
      head: "Docker starts its container again.",
      site: "all nodes are on this machine: Docker starts them again when it is back",
      storage: "models in volumes of Docker are fetched again",
    },
  };
}
