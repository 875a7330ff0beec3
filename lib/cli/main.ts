#!/usr/bin/env node
import { Argument, Command } from "commander";
import { CommandError } from "./base/command-error";
import { DEFAULT_STACK, demo } from "./cluster/demo";
import { destroy } from "./cluster/destroy";
import { ensureDocker } from "./base/docker-engine";
import type { ImageOptions } from "./images/image-options";
import { OWN_IMAGES } from "./images/images";
import type { ProviderId } from "./supply/init-probe";
import { prepareHosts, type PrepareHostsOptions } from "./hosts/prepare-hosts";
import { Progress } from "./base/progress";
import { ensureProviders, MIRROR_VARIABLE } from "./supply/provider-access";

const MIRROR_OPTION = [
  "--provider-mirror <folder>",
  `folder of Terraform providers, used where init gets none without it (or ${MIRROR_VARIABLE})`,
] as const;

const program = new Command("cdktf-ray-cluster")
  .description("Ray clusters on CDK for Terraform: everything a first deployment on one machine needs.")
  .showHelpAfterError();

program
  .command("demo")
  .description("deploy a local cluster and ask it for a completion")
  .argument("[stack]", "local-2x8, local-4x8 or vllm-cpu-2x1", DEFAULT_STACK)
  .option(...MIRROR_OPTION)
  .action((stack: string, options: { providerMirror?: string }) => demo(stack, new Progress(), options));

program
  .command("destroy")
  .description("destroy what the demo deployed, and see that nothing is left")
  .argument("[stacks...]", "names of stacks; without one, all that are deployed")
  .option(...MIRROR_OPTION)
  .action((stacks: string[], options: { providerMirror?: string }) =>
    destroy(stacks, new Progress(), options),
  );

program
  .command("image")
  .description(
    `build an image that the local stacks name:\n${OWN_IMAGES.map(({ name, title }) => `${name}: ${title}`).join("\n")}`,
  )
  .addArgument(
    new Argument("[name]", "which image")
      .choices(OWN_IMAGES.map((image) => image.name))
      .default(OWN_IMAGES[0].name),
  )
  .option("--ray-version <version>", "another Ray than the one of the catalogue")
  .option("--base-image <reference>", "an image with the right Python, where the public one is out of reach")
  .action(async (name: string, options: ImageOptions) => {
    const progress = new Progress();
    const engine = await ensureDocker(progress);
    for (const image of OWN_IMAGES.filter((candidate) => candidate.name === name)) {
      await image.ensure(engine, progress, options);
    }
  });

program
  .command("providers")
  .description("make sure that init can get the Terraform providers, and say how")
  .addArgument(new Argument("[names...]", "which providers").choices(["docker", "aws"]).default(["docker"]))
  .option(...MIRROR_OPTION)
  .action(async (names: ProviderId[], options: { providerMirror?: string }) => {
    const progress = new Progress();
    const access = await ensureProviders(names, progress, { mirror: options.providerMirror });
    progress.say(`init gets ${names.join(" and ")}: ${access.origin}`);
    const configuration = access.environment.TF_CLI_CONFIG_FILE;
    if (configuration !== undefined) {
      process.stdout.write(`\nexport TF_CLI_CONFIG_FILE=${configuration}\n`);
    }
  });

program
  .command("prepare-hosts")
  .description(
    "look whether machines that exist can carry a cluster, and install Docker and NVIDIA's toolkit where they are missing",
  )
  .argument("[stacks...]", "names of synthesized stacks; without one, all that have machines")
  .option("--inventory <file>", "the machines of this file, whatever a stack wants of them")
  .option("--dry-run", "look, show what would run, and change nothing")
  .option("--yes", "do not ask before something is installed")
  .action((stacks: string[], options: PrepareHostsOptions) => prepareHosts(stacks, new Progress(), options));

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`\nerror: ${error instanceof CommandError ? error.toString() : stackOf(error)}\n`);
  process.exitCode = 1;
});

/** Of an error that nobody planned for, all there is. */
function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
