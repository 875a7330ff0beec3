import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CdktfApp } from "./cdktf";
import { CommandError } from "../../lib/cli/base/command-error";
import { failUnlessDone } from "./demo";
import { findDocker } from "../../lib/cli/base/docker-engine";
import { runOrFail } from "../../lib/cli/base/process";
import type { Progress } from "../../lib/cli/base/progress";
import { ensureProviders } from "../supply/provider-access";
import { type LocalStack, localStacks, stackNamed } from "./synthesized-stack";

export interface DestroyOptions {
  /** @default - RAY_CLUSTER_PROVIDER_MIRROR, else none */
  readonly providerMirror?: string;
}

const DESTROY_SECONDS = 600;

/**
 * Destroys local stacks with `cdktf destroy` and looks whether anything of them is left.
 *
 * @param names none: every stack that Terraform's state says is there
 * @throws CommandError if something is left
 */
export async function destroy(
  names: readonly string[],
  progress: Progress,
  options: DestroyOptions = {},
): Promise<void> {
  const app = new CdktfApp();
  await app.synthesize();
  const all = localStacks(app.root);
  const stacks = names.length > 0 ? names.map((name) => stackNamed(all, name)) : all;
  if ((await findDocker()) === undefined) {
    throw new CommandError(
      "no Docker engine answers, so nothing can be destroyed",
      "Start Docker and try again.",
    );
  }
  const deployed = stacks.filter((stack) => isDeployed(app.root, stack.name));
  if (deployed.length > 0) {
    const access = await ensureProviders(["docker"], progress, { mirror: options.providerMirror });
    for (const stack of deployed) {
      await progress.step(`destroying ${stack.name}`, async () => {
        const limits = { timeoutSeconds: DESTROY_SECONDS, onLine: () => undefined };
        failUnlessDone("destroy", stack, await app.change("destroy", stack.name, access, limits));
      });
    }
  }
  for (const stack of stacks) {
    await verifyNothingLeft(stack);
    progress.say(`${stack.name}: no container, network or volume is left`);
  }
}

/** Whether Terraform's state holds any resource of the stack. */
function isDeployed(root: string, stack: string): boolean {
  const file = join(root, `terraform.${stack}.tfstate`);
  if (!existsSync(file)) {
    return false;
  }
  return (JSON.parse(readFileSync(file, "utf8")) as { resources: readonly object[] }).resources.length > 0;
}

async function verifyNothingLeft(stack: LocalStack): Promise<void> {
  const left = [
    ...(await present("container", ["ps", "--all", "--format", "{{.Names}}"], stack.containers)),
    ...(await present("network", ["network", "ls", "--format", "{{.Name}}"], stack.networks)),
    ...(await present("volume", ["volume", "ls", "--format", "{{.Name}}"], stack.volumes)),
  ];
  if (left.length > 0) {
    throw new CommandError(
      `${stack.name} is not destroyed completely: there is still ${left.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`,
      `Terraform's state does not know them. Remove them with:\n${left.map(removal).join("\n")}`,
    );
  }
}

async function present(
  kind: string,
  list: readonly string[],
  names: readonly string[],
): Promise<{ kind: string; name: string }[]> {
  const found = (await runOrFail("docker", list)).split("\n");
  return names.filter((name) => found.includes(name)).map((name) => ({ kind, name }));
}

function removal({ kind, name }: { kind: string; name: string }): string {
  return kind === "container" ? `    docker rm --force ${name}` : `    docker ${kind} rm ${name}`;
}
