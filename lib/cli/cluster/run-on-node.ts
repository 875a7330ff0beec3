import { CommandError } from "../base/command-error";
import { attach } from "../base/process";
import { askContainer } from "./ask";
import { type ClusterChoice, clusterOf, nodeOf } from "./clusters";
import { inContainer } from "./command-line";
import { type ClusterNode, nodeProgram } from "./reach";

export interface RunOnNodeOptions {
  /** @default - the head */
  readonly node?: string;
}

/** Docker's exit code where it could not run the program, and that of ssh where it could not reach the machine. */
const NOT_RUN = [125, 255];

/**
 * Runs a program in a node's container with the variables of that node.
 *
 * @returns the program's exit code
 */
export async function runOnNode(
  choice: ClusterChoice,
  words: readonly string[],
  { node: name }: RunOnNodeOptions,
): Promise<number> {
  const node = nodeOf(await clusterOf(choice), name);
  if (node.reach.kind === "session") {
    return inSession(node, words);
  }
  return attached(node, words);
}

/** A shell in a node's container, where every program has the variables of that node. */
export async function shellOnNode(choice: ClusterChoice, { node: name }: RunOnNodeOptions): Promise<number> {
  return attached(nodeOf(await clusterOf(choice), name), ["bash"]);
}

async function attached({ reach, called }: ClusterNode, words: readonly string[]): Promise<number> {
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY;
  if (reach.kind === "session" && !isTerminal) {
    throw new CommandError("a shell through Session Manager needs a terminal");
  }
  const otherEnd = isTerminal ? "terminal" : "input";
  const { program, args } = inContainer(reach, nodeProgram("run", "--", ...words), otherEnd, "");
  const code = await attach(program, args);
  if (NOT_RUN.includes(code)) {
    process.stderr.write(`${program} ended with ${code}; the program on ${called} may not have run\n`);
  }
  return code;
}

/** Session Manager passes on neither an input that is no terminal nor an exit code. */
async function inSession(node: ClusterNode, words: readonly string[]): Promise<number> {
  const answer = await askContainer(node, nodeProgram("run", "--", ...words), {
    onLine: (line) => {
      process.stdout.write(`${line}\n`);
    },
    keptLines: 1,
  });
  if (answer.exitCode === undefined) {
    throw new CommandError(`${node.called}: ${answer.failure}`);
  }
  return answer.exitCode;
}
