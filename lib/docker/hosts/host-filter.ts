import type { Construct } from "constructs";
import { filterFacts } from "../../bootstrap/filter-facts";
import { resourceAddress } from "../../terraform/resource-address";
import type { PacketFilter } from "../../topology/declaration/packet-filter";
import type { ClusterPlan } from "../../topology/plan/plan";
import { HostCommand } from "./host-command";
import type { Machine } from "./host-machine";
import { type HostNode, onHost } from "./host-node";
import { machineId } from "./machine-id";
import { machineLabel, sshArguments } from "./ssh";

const COMMAND = HostCommand.onHost("packet-filter.sh");

/** The packet filter of a node's machine, there before its container. @returns nothing where something else closes the ports */
export function hostFilter(
  scope: Construct,
  plan: ClusterPlan,
  host: HostNode,
  { filter, check }: { readonly filter: PacketFilter; readonly check: HostCommand },
): HostCommand | undefined {
  const { plan: node, machine } = host;
  const { apply, remove } = filterFacts(plan, node, filter, machine.sshPort);
  if (apply.length === 0) {
    return undefined;
  }
  const command = new HostCommand(scope, machineId(node.name, "filter"), {
    command: COMMAND,
    environment: onHost(host, apply),
    triggers: [machine.sshHost, ...apply],
    onDestroy: { command: COMMAND, environment: onHost(host, remove) },
  });
  command.dependsOn = [resourceAddress(check)];
  return command;
}

/** Takes the filter off a machine that leaves the cluster and can be reached. */
export function removeFilter(scope: Construct, clusterName: string, machine: Machine): void {
  new HostCommand(scope, machineId(machine.name, "filter-removal"), {
    command: COMMAND,
    environment: {
      HOST: machineLabel(machine.name, machine),
      IF_GONE: "",
      SSH_ARGUMENTS: sshArguments(machine).join("\n"),
      FACTS: ["action remove", `cluster ${clusterName}`].join("\n"),
    },
    triggers: [machine.sshHost],
  });
}
