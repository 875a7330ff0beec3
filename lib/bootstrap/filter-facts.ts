import { createHash } from "node:crypto";
import type { PacketFilter } from "../topology/declaration/packet-filter";
import type { ClusterPlan, NodePlan, PortPlan } from "../topology/plan/plan";

/** What `packet-filter.sh` needs to know on a node's machine. */
export interface FilterFacts {
  /** One per line; empty: the machine gets no filter. */
  readonly apply: readonly string[];
  /** Removes this filter, and none that was applied since. */
  readonly remove: readonly string[];
}

/**
 * The packet filter of a node's machine, from the plan's own ports.
 *
 * @param sshPort never closed. @default - the machine's ssh is not in question
 */
export function filterFacts(
  plan: ClusterPlan,
  node: NodePlan,
  { clientCidrs }: PacketFilter,
  sshPort?: number,
): FilterFacts {
  if (clientCidrs === undefined) {
    return { apply: [], remove: [] };
  }
  const ports = plan.ports.filter(({ where }) => where === "node" || node.role === "head");
  const facts = [
    ...members(plan).map((member) => `member ${member}`),
    ...ports
      .flatMap((port) => (port.isPicked ? between(port, ports) : [port]))
      .map(
        ({ from, to, reachableBy }) =>
          `port ${from === to ? from : `${from}-${to}`} ${reachableBy === "user" ? "users" : "cluster"}`,
      ),
    ...clientCidrs.map((cidr) => `client ${cidr}`),
    ...(sshPort === undefined ? [] : [`ssh ${sshPort}`]),
  ];
  const version = createHash("sha256").update(facts.join("\n")).digest("hex").slice(0, 16);
  const whose = [`cluster ${plan.name}`, `version ${version}`];
  return { apply: ["action apply", ...whose, ...facts], remove: ["action remove", ...whose] };
}

/** The parts of a range, from which ports are picked, that no port of users lies in. */
function between(range: PortPlan, ports: readonly PortPlan[]): readonly PortPlan[] {
  return ports
    .filter(({ reachableBy }) => reachableBy === "user")
    .reduce<readonly PortPlan[]>(
      (parts, { from, to }) =>
        parts.flatMap((part) =>
          to < part.from || from > part.to
            ? [part]
            : [
                { ...part, to: from - 1 },
                { ...part, from: to + 1 },
              ].filter((rest) => rest.from <= rest.to),
        ),
      [range],
    );
}

/** The nodes' addresses; the whole network, where a machine gets its own at boot. */
function members({ nodes, subnetCidr }: ClusterPlan): readonly string[] {
  const addresses = nodes.flatMap(({ address }) => address ?? []);
  return addresses.length === nodes.length ? addresses : [subnetCidr];
}
