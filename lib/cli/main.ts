#!/usr/bin/env node
import { Command } from "commander";
import { prepareHosts, type PrepareHostsOptions } from "./hosts/prepare-hosts";
import { Progress } from "./base/progress";
import { runProgram } from "./base/run-program";
import { imageCommand } from "./images/image-command";

const program = new Command("cdktf-ray-cluster")
  .description("Ray clusters on CDK for Terraform: what you need beside cdktf.")
  .showHelpAfterError();

program.addCommand(imageCommand());

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

program
  .command("explain")
  .description("print what a rule demands and why, e.g. RC014")
  .argument("[rule]", "id of a rule; without one, all topics are listed")
  .action(async (rule: string | undefined) => {
    // Only this command needs the rules, and what they import.
    const { explain } = await import("./rules/explain.js");
    process.stdout.write(`${explain(rule)}\n`);
  });

runProgram(program);
