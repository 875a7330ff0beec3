import { basename } from "node:path";
import type { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import type { Construct } from "constructs";
import type { ContainerMount, ContainerSpec } from "../../runtime/container-spec/container-spec";
import { containerSpec, withoutWorkload } from "../../runtime/container-spec/make-container-spec";
import type { PacketFilter } from "../../topology/declaration/packet-filter";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { dockerProvider } from "../container/provider";
import { hostFacts } from "./host-facts";
import type { Machine } from "./host-machine";
import { ifGone } from "./if-gone";
import { machineLabel, dockerHost, sshArguments, sshOptions } from "./ssh";

/** One node and its machine. */
export interface HostNode {
  readonly plan: NodePlan;
  readonly spec: ContainerSpec;
  readonly machine: Machine;
  readonly facts: readonly string[];
  readonly provider: DockerProvider;
  /** What to write where if the machine is gone. */
  readonly ifGone: string;
}

/** What the cluster's declaration says of all machines. */
export interface HostSettings {
  readonly registryLogins: readonly string[];
  readonly packetFilter: PacketFilter;
  readonly where: string;
}

export function describeNode(
  scope: Construct,
  plan: ClusterPlan,
  node: NodePlan,
  machine: Machine,
  { registryLogins, packetFilter, where }: HostSettings,
): HostNode {
  const planned = withoutWorkload(containerSpec(plan, node), plan, node);
  const spec = { ...planned, mounts: planned.mounts.map((mount) => fromMachine(mount, machine)) };
  const provider = hostProvider(scope, machine, registryLogins);
  const facts = hostFacts(plan, node, spec, machine, packetFilter.clientCidrs !== undefined);
  return { plan: node, spec, machine, facts, provider, ifGone: ifGone(machine.name, where) };
}

/** The provider of the machine's Docker engine. */
export function hostProvider(
  scope: Construct,
  machine: Machine,
  registryLogins: readonly string[],
): DockerProvider {
  return dockerProvider(scope, dockerHost(machine), {
    sshOptions: sshOptions(machine),
    registryLogins: registryLogins.length > 0 ? registryLogins : undefined,
  });
}

/** Mounts files of the driver that this machine keeps elsewhere at their usual paths. */
function fromMachine(mount: ContainerMount, { driverPaths = [] }: Machine): ContainerMount {
  const elsewhere = driverPaths.find((path) => basename(path) === basename(mount.source));
  return elsewhere === undefined ? mount : { ...mount, source: elsewhere };
}

/** Environment of `on-host.sh` for a machine. */
export function onHost(
  { plan: node, machine, ifGone: advice }: HostNode,
  facts: readonly string[],
): { [name: string]: string } {
  return {
    HOST: machineLabel(node.name, machine),
    IF_GONE: advice,
    SSH_ARGUMENTS: sshArguments(machine).join("\n"),
    FACTS: facts.join("\n"),
  };
}
