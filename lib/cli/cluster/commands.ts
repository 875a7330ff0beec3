import type { Command } from "commander";
import { print } from "../base/print";
import { Progress } from "../base/progress";
import type { ClusterChoice } from "./clusters";
import { doctor, type DoctorOptions } from "./doctor";
import { forward, type ForwardOptions } from "./forward";
import { logs, type LogsOptions } from "./logs";
import { rotateToken } from "./rotate-token";
import { type RunOnNodeOptions, runOnNode, shellOnNode } from "./run-on-node";
import { status, type StatusOptions } from "./status";

type Chosen<Options> = Options & Omit<ClusterChoice, "stack">;

/** Adds the commands for clusters that are deployed. */
export function addClusterCommands(program: Command): void {
  command(
    program,
    "status",
    "where all nodes of a cluster stand, the culprit first; exits 0 if all are healthy",
  )
    .option("--json", "machine-readable output")
    .action(async (stack: string, options: Chosen<StatusOptions>) => {
      process.exitCode = (await status({ stack, ...options }, options, print)) ? 0 : 1;
    });
  command(program, "logs", "the logs of all nodes, each line with the name of its node, the culprit first")
    .option("-f, --follow", "go on with what comes, until Ctrl-C")
    .option("-n, --lines <number>", "last lines of each node (default: 100)")
    .option("--node <name>", "of this node only")
    .action((stack: string, options: Chosen<LogsOptions>) =>
      logs({ stack, ...options }, options, print, interrupted()),
    );
  command(program, "run", "run a program in a node's container, with the variables of that node")
    .argument("<program...>", "the program and its arguments, after `--`: run my-stack -- ray status")
    .option("--node <name>", "node (default: the head)")
    .action(async (stack: string, words: string[], options: Chosen<RunOnNodeOptions>) => {
      process.exitCode = await runOnNode({ stack, ...options }, words, options);
    });
  command(program, "shell", "a shell in a node's container, with the variables of that node")
    .option("--node <name>", "node (default: the head)")
    .action(async (stack: string, options: Chosen<RunOnNodeOptions>) => {
      process.exitCode = await shellOnNode({ stack, ...options }, options);
    });
  command(
    program,
    "forward",
    "make a port of a node reachable on this machine's loopback interface, until Ctrl-C",
  )
    .argument("[what]", "dashboard, api, or a port of the node", "dashboard")
    .option("--node <name>", "node (default: the head)")
    .option("--local-port <port>", "port on this machine (default: the same)")
    .action(async (stack: string, what: string, options: Chosen<ForwardOptions>) => {
      process.exitCode = await forward({ stack, ...options }, what, options, print, interrupted());
    });
  command(
    program,
    "rotate-token",
    "give a cluster a new Ray token and restart its nodes; waits until it serves",
  ).action((stack: string, options: Omit<ClusterChoice, "stack">) =>
    rotateToken({ stack, ...options }, new Progress()),
  );
  command(program, "doctor", "write one archive with what helps to find a failure, without secrets")
    .option("--file <path>", "the archive (default: <stack>-<time>.tar.gz)")
    .action(async (stack: string, options: Chosen<DoctorOptions>) => {
      const progress = new Progress();
      const path = await doctor({ stack, ...options }, options, progress);
      progress.say(
        `written: ${path}\nRead it before you send it: programs of your own may have printed anything.`,
      );
    });
}

function command(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .argument("<stack>", "name of a synthesized stack")
    .option("--cluster <name>", "cluster, where the stack has several")
    .option(
      "--output <folder>",
      "folder that cdktf has written (default: that of cdktf.json, else cdktf.out)",
    );
}

/** Ctrl-C, or the end of whoever reads the output. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  process.stdout.on("error", stop);
  return controller.signal;
}
