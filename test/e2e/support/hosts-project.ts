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

/** A project whose `cdktf.json` names an inventory, with the one stack of `stacks/hosts-app.ts`. */
export function hostsProject(
  name: string,
  inventory: string,
  image = emulationImageTag(),
  more: Partial<HostsAppProps> = {},
): Project {
  const props: HostsAppProps = {
    name,
    image,
    rayVersion: emulationRayVersion(),
    withUlimits: mayRaiseLimits(),
    ...more,
  };
  const project = new Project(`node -r ${REGISTER} ${APP}`, name, { E2E_HOSTS: JSON.stringify(props) });
  const file = join(project.folder, "cdktf.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), context: { inventory } }));
  return project;
}
