#!/usr/bin/env node
import { Command } from "commander";
import { ensureDocker } from "./base/docker-engine";
import { addClusterCommands } from "./cluster/commands";
import { prepareHosts, type PrepareHostsOptions } from "./hosts/prepare-hosts";
import { print } from "./base/print";
import { Progress } from "./base/progress";
import { runProgram } from "./base/run-program";
import { ensureEmulationImage } from "./images/emulation-image";
import type { ImageOptions } from "./images/base-image";
import { review, type ReviewOptions } from "./review/review";
import { inspectImage } from "./images/inspect-image";

const program = new Command("cdktf-ray-cluster")
  .description("Commands for Ray clusters on CDK for Terraform, beside those of cdktf.")
  .showHelpAfterError();

program
  .command("image")
  .description("build the image of LocalBackend.emulationImage(): Python and a pinned Ray")
  .option("--ray-version <version>", "Ray version (default: the one in the catalogue)")
  .option("--base-image <reference>", "image with the right Python, if the public one cannot be pulled")
  .action(async (options: ImageOptions) => {
    const progress = new Progress();
    await ensureEmulationImage(await ensureDocker(progress), progress, options);
  });

program
  .command("inspect-image")
  .description("print the Ray, Python, engines and digest of an image, and its declaration to paste")
  .argument("<reference>", "image in Docker or in a registry; it is pulled where it is missing")
  .action(async (reference: string) => {
    const progress = new Progress();
    await ensureDocker(progress);
    print(`${await inspectImage(reference, progress)}\n`);
  });

program
  .command("prepare-hosts")
  .description(
    "check whether existing machines are ready for a cluster; install Docker and NVIDIA's toolkit where they are missing",
  )
  .argument("[stacks...]", "names of synthesized stacks (default: all that have machines)")
  .option("--inventory <file>", "check the machines of this inventory, without the requirements of a stack")
  .option("--dry-run", "check and show what would run; change nothing")
  .option("--yes", "install without asking")
  .action((stacks: string[], options: PrepareHostsOptions) => prepareHosts(stacks, new Progress(), options));

program
  .command("explain")
  .description("print a rule and the reason for it, e.g. RC014")
  .argument("[rule]", "id of a rule (default: list all topics)")
  .action(async (rule: string | undefined) => {
    // Only this command needs the rules, and what they import.
    const { explain } = await import("./rules/explain.js");
    process.stdout.write(`${explain(rule)}\n`);
  });

program
  .command("review")
  .description("the review of a stack, or what a change does to what runs; exits 2 for what --fail-on names")
  .argument("[stack]", "name of a synthesized stack (default: all that have a review)")
  .option("--against <what>", "state, a folder that cdktf has written, or a commit, branch or tag")
  .option("--json", "machine-readable output")
  .option("--fail-on <list>", "of replace, reach, cost, data, with commas")
  .option("--output <folder>", "folder that cdktf has written (default: that of cdktf.json, else cdktf.out)")
  .action(async (stack: string | undefined, options: ReviewOptions) => {
    process.exitCode = await review(stack, options, (text) => process.stdout.write(text));
  });

addClusterCommands(program);

runProgram(program);
