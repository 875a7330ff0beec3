import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { emulationImageTag, emulationRayVersion } from "../../../lib/docker/images/emulation-image";
import type { HostsAppProps } from "../stacks/hosts-app";
import { type CommandResult, run } from "./command";
import { mayRaiseLimits } from "./machines";
import { Project, REPOSITORY } from "./project";

const REGISTER = join(REPOSITORY, "test", "tools", "register.cjs");
const APP = join(REPOSITORY, "test", "e2e", "stacks", "hosts-app.ts");
const COMMAND = join(REPOSITORY, "lib", "cli", "main.ts");

/** Arguments of Node for `cdktf-ray-cluster`, as it lies here. */
export const OWN_PROGRAM = ["-r", REGISTER, COMMAND];

/** `npx cdktf-ray-cluster <arguments>` in a folder, as it lies here. Nobody is there to answer. */
export function ownCommand(folder: string, ...args: readonly string[]): Promise<CommandResult> {
  return run("node", [...OWN_PROGRAM, ...args], { timeoutSeconds: 400, cwd: folder });
}

/** A declaration of the one stack of `stacks/hosts-app.ts`, as its environment has it. */
export function hostsDeclaration(
  name: string,
  image = emulationImageTag(),
  more: Partial<HostsAppProps> = {},
): NodeJS.ProcessEnv {
  const props: HostsAppProps = {
    name,
    image,
    rayVersion: emulationRayVersion(),
    withUlimits: mayRaiseLimits(),
    ...more,
  };
  return { E2E_HOSTS: JSON.stringify(props) };
}

/**
 * A project whose `cdktf.json` names an inventory.
 *
 * @param environment with the declaration; what a test changes in it the next deployment finds
 */
export function hostsProject(
  name: string,
  inventory: string,
  environment: NodeJS.ProcessEnv = hostsDeclaration(name),
): Project {
  const project = new Project(`node -r ${REGISTER} ${APP}`, name, environment);
  const file = join(project.folder, "cdktf.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), context: { inventory } }));
  return project;
}
