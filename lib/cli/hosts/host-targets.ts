import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MINIMUM_DOCKER } from "../../catalog/docker-versions";
import { exampleRefusals } from "../../docker/hosts/example-machines";
import { isComplete, isInService } from "../../docker/hosts/host-machine";
import type { HostsFile } from "../../docker/hosts/hosts-file";
import { ifGone } from "../../docker/hosts/if-gone";
import { machinesOf, readInventory } from "../../docker/hosts/inventory";
import { checkMachines } from "../../docker/hosts/rules";
import { machineLabel, sshArguments } from "../../docker/hosts/ssh";
import { PacketFilter } from "../../topology/declaration/packet-filter";
import { problemLine, sortProblems } from "../../problems/plan-error";
import { CommandError } from "../base/command-error";
import type { HostTarget } from "../base/host-shell";
import { outputFolder } from "../base/output-folder";

/**
 * The machines of synthesized stacks, with the requirements of their clusters.
 *
 * @param names none: every stack that has machines
 * @throws CommandError if there is no such stack, or only an example
 */
export function targetsOfStacks(root: string, names: readonly string[]): readonly HostTarget[] {
  const output = outputFolder(root);
  const folder = join(output, "stacks");
  const stacks = existsSync(folder) ? readdirSync(folder) : [];
  const files = (names.length > 0 ? names : stacks).flatMap((name) => filesOf(join(folder, name, "hosts")));
  const refused = files.flatMap(({ refusals }) => refusals);
  // Examples beside the user's own stacks are skipped; naming one is a mistake.
  const usable = files.filter(({ refusals }) => refusals.length === 0);
  if (refused.length > 0 && (names.length > 0 || usable.length === 0)) {
    throw new CommandError(refused.join("\n"));
  }
  if (usable.length > 0) {
    return usable.flatMap(({ machines }) => machines);
  }
  const what = names.length > 0 ? names.join(", ") : "any stack";
  throw new CommandError(
    `${output} has no machines of ${what}`,
    "Run `npx cdktf synth` first, or pass an inventory: --inventory machines.yaml.",
  );
}

/**
 * The machines of an inventory alone, without the requirements of a cluster.
 *
 * @throws CommandError with everything that is wrong with the file
 */
export function targetsOfInventory(path: string): readonly HostTarget[] {
  const inventory = readInventory(path);
  const drafts = machinesOf(inventory);
  const problems = checkMachines({
    machines: drafts,
    imagePullTimeoutSeconds: 7200,
    registryLogins: [],
    packetFilter: PacketFilter.none(),
    inventory,
  });
  if (problems.length > 0) {
    throw new CommandError([`Cannot use ${path}:`, ...sortProblems(problems).map(problemLine)].join("\n"));
  }
  const machines = drafts.filter(isComplete).filter(isInService);
  const refusals = exampleRefusals(machines, path);
  if (refusals.length > 0) {
    throw new CommandError(refusals.join("\n"));
  }
  return machines.map((machine) => ({
    node: machine.name,
    called: machineLabel(machine.name, machine),
    ifGone: ifGone(machine.name, path),
    sshArguments: sshArguments(machine),
    facts: [
      `address ${machine.address}`,
      `docker ${MINIMUM_DOCKER}`,
      ...(machine.architecture === undefined ? [] : [`architecture ${machine.architecture}`]),
    ],
  }));
}

function filesOf(folder: string): readonly HostsFile[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  return names.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as HostsFile);
}
