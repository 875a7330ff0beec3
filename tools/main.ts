#!/usr/bin/env node
import { Argument, Command } from "commander";
import { Progress } from "../lib/cli/base/progress";
import { runProgram } from "../lib/cli/base/run-program";
import { DEFAULT_STACK, demo } from "./demo/demo";
import { destroy } from "./demo/destroy";
import { imageCommand } from "./images/image-command";
import { lockImagesCommand } from "./images/lock-images";
import { DEBIAN_BASE } from "./supply/debian-base";
import type { ProviderId } from "./supply/init-probe";
import { ensureProviders, MIRROR_VARIABLE } from "./supply/provider-access";

const MIRROR_OPTION = [
  "--provider-mirror <folder>",
  `folder of Terraform providers, used if init does not find them elsewhere (or ${MIRROR_VARIABLE})`,
] as const;

const program = new Command("tools")
  .description("What a clone of this repository needs for its demo and its tests.")
  .showHelpAfterError();

program
  .command("demo")
  .description("deploy a local cluster and ask it for a completion")
  .argument("[stack]", "local-2x8, local-4x8 or vllm-cpu-2x1", DEFAULT_STACK)
  .option(...MIRROR_OPTION)
  .action((stack: string, options: { providerMirror?: string }) => demo(stack, new Progress(), options));

program
  .command("destroy")
  .description("destroy what the demo deployed, and check that nothing is left")
  .argument("[stacks...]", "names of stacks (default: all that are deployed)")
  .option(...MIRROR_OPTION)
  .action((stacks: string[], options: { providerMirror?: string }) =>
    destroy(stacks, new Progress(), options),
  );

program
  .command("providers")
  .description("make sure that `terraform init` finds the providers, and show where")
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

program.addCommand(imageCommand({ withoutRegistry: DEBIAN_BASE }));
program.addCommand(lockImagesCommand());

runProgram(program);
