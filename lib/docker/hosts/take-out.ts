import type { Construct } from "constructs";
import { containerProvider } from "../container/provider";
import { forget } from "../../terraform/forget";
import { removeFilter } from "./host-filter";
import type { Machine } from "./host-machine";
import { type MachinePart, machineId } from "./machine-id";
import { hostProvider } from "./host-node";

/** The parts whose provider would connect to the machine. Checks and tokens are commands that have run, and go by themselves. */
const ON_THE_MACHINE: readonly (readonly [type: string, part: MachinePart])[] = [
  ["docker_container", "node"],
  ["docker_image", "image"],
  ["docker_volume", "state"],
  ["docker_volume", "secrets"],
];

/**
 * What becomes of a machine that is no node any more. Its providers stay, because Terraform needs them for what the state
 * still has of the machine: to remove it from one that is retired, and to forget it on one that is lost, which is never
 * connected to.
 */
export function takeOut(
  scope: Construct,
  clusterName: string,
  machine: Machine,
  registryLogins: readonly string[],
): void {
  containerProvider(hostProvider(scope, machine, registryLogins), clusterName);
  if (machine.status === "retired") {
    removeFilter(scope, clusterName, machine);
  }
  if (machine.status === "lost") {
    for (const [type, part] of ON_THE_MACHINE) {
      forget(scope, type, machineId(machine.name, part));
    }
  }
}
