import type { PacketFilter } from "../topology/declaration/packet-filter";
import type { PlaceReach } from "./place-facts";

/** What reaches machines that a packet filter closes, or nothing. */
export function filteredReach({ closedBy, clientCidrs = [] }: PacketFilter): PlaceReach {
  const isApiClosed = clientCidrs.length > 0;
  return {
    clients: isApiClosed ? clientCidrs : ["whoever reaches the head's machine"],
    apiHeldBy: isApiClosed ? closedBy : undefined,
    clusterHeldBy: closedBy,
    wayOut: "whatever the machines reach",
  };
}
