import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withDefaults } from "../../docker/hosts/host-machine";
import { documentationMachines } from "../../docker/hosts/documentation";
import type { HostsFile } from "../../docker/hosts/hosts-file";
import { locatedProblems, readInventory } from "../../docker/hosts/inventory";
import { calledMachine, sshArguments } from "../../docker/hosts/ssh";
import { checkHosts } from "../../docker/hosts/rules";
import { problemLine } from "../../problems/plan-error";
import { CommandError } from "../base/command-error";
import type { HostTarget } from "./host-shell";

/**
 * The machines of synthesized stacks, with everything that their clusters want of them.
 *
 * @param names none: every stack that has machines
 * @throws CommandError where there is no such stack, or only an example
 */
export function targetsOfStacks(root: string, names: readonly string[]): readonly HostTarget[] {
  const folder = join(root, "cdktf.out", "stacks");
  const stacks = existsSync(folder) ? readdirSync(folder) : [];
  const files = (names.length > 0 ? names : stacks).flatMap((name) => filesOf(join(folder, name, "hosts")));
  const refused = files.flatMap(({ refusals }) => refusals);
  // Examples beside one's own stacks are no mistake; an example that is named is.
  const usable = files.filter(({ refusals }) => refusals.length === 0);
  if (refused.length > 0 && (names.length > 0 || usable.length === 0)) {
    throw new CommandError(refused.join("\n"));
  }
  if (usable.length > 0) {
    return usable.flatMap(({ machines }) => machines);
  }
  const what = names.length > 0 ? names.join(", ") : "any stack";
  throw new CommandError(
    `cdktf.out has no machines of ${what}`,
    "Run `npx cdktf synth` first, or name an inventory: --inventory machines.yaml.",
  );
}

/**
 * The machines of an inventory alone: no cluster says what it wants of them.
 *
 * @throws CommandError with everything that is wrong with the file
 */
export function targetsOfInventory(path: string): readonly HostTarget[] {
  const inventory = readInventory(path);
  const { sshUser = "root", sshPort = 22, sshOptions = [] } = inventory;
  const machines = inventory.hosts.map((host) => withDefaults(host, { sshUser, sshPort, sshOptions }));
  const found = checkHosts(
    { machines, imagePullTimeoutSeconds: 7200, registryLogins: [] },
    { clusterName: "", pools: [] },
  );
  // Pools are the matter of a stack.
  const problems = locatedProblems(
    inventory,
    found.filter(({ rule }) => rule !== "RC310"),
  );
  if (problems.length > 0) {
    throw new CommandError(`${path} cannot be used:\n${problems.map(problemLine).join("\n")}`);
  }
  const examples = documentationMachines(machines);
  if (examples.length > 0) {
    throw new CommandError(
      `${examples.map(({ name }) => name).join(", ")} of ${path}: these addresses are for documentation`,
      `Write your own machines into ${path}.`,
    );
  }
  return machines.map((machine) => ({
    node: machine.name,
    called: calledMachine(machine.name, machine),
    sshArguments: sshArguments(machine),
    facts: [
      `address ${machine.address}`,
      ...(machine.architecture === undefined ? [] : [`architecture ${machine.architecture}`]),
    ],
  }));
}

function filesOf(folder: string): readonly HostsFile[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  return names.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as HostsFile);
}
