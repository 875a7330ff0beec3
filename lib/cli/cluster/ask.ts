import { randomBytes } from "node:crypto";
import { type Outcome, run, type RunOptions } from "../base/process";
import { containerLog, inContainer, withDocker } from "./command-line";
import { MarkedOutput } from "./marked-output";
import type { ClusterNode, CommandLine, Reach } from "./reach";

/** Of one output; what a node is asked for has some MiB. With lines that go on, of one line. */
const MAXIMUM_BYTES = 64 << 20;

/** Exit code of ssh itself, where no program of the machine ran. */
const SSH_FAILED = 255;

/** What a program on a node answered. */
export interface Answer {
  /** Of the program; `undefined`: it did not run, `failure` says why. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly failure: string | undefined;
}

type AskOptions = Pick<RunOptions, "timeoutSeconds" | "onLine" | "keptLines" | "signal">;

/** Runs a program in the node's container to its end. Never throws for what a node does. */
export function askContainer(
  { reach }: ClusterNode,
  words: readonly string[],
  options: AskOptions,
): Promise<Answer> {
  return ask(reach, (mark) => inContainer(reach, words, "nobody", mark), options);
}

/** `docker` on the node's machine, e.g. to inspect a container that does not run. */
export function askDocker(
  { reach }: ClusterNode,
  args: readonly string[],
  options: AskOptions,
): Promise<Answer> {
  return ask(reach, (mark) => withDocker(reach, args, "nobody", mark), options);
}

/** The log of the node's container; with `follows` it ends when the signal comes. */
export function askLog(
  { reach }: ClusterNode,
  lines: number,
  follows: boolean,
  options: AskOptions,
): Promise<Answer> {
  return ask(reach, (mark) => containerLog(reach, lines, follows, mark), options);
}

async function ask(
  reach: Reach,
  commandLine: (mark: string) => CommandLine,
  chosen: AskOptions,
): Promise<Answer> {
  const options = { maximumBytes: MAXIMUM_BYTES, ...chosen };
  const mark = `ray-cluster-${randomBytes(12).toString("hex")}`;
  const { program, args } = commandLine(mark);
  if (reach.kind !== "session") {
    return answerOf(reach, program, await run(program, args, options), options);
  }
  const marked = new MarkedOutput(mark, options.onLine, options.keptLines);
  const outcome = await run(program, args, {
    ...options,
    onLine: (line) => {
      marked.take(line);
    },
    // The plugin ends the session when its input ends (aws/amazon-ssm-agent#354).
    keepsInputOpen: true,
  });
  if (marked.exitCode === undefined) {
    return { ...noAnswer(program, outcome, options), stdout: marked.lines.join("\n") };
  }
  return { exitCode: marked.exitCode, stdout: marked.lines.join("\n"), stderr: "", failure: undefined };
}

function answerOf(reach: Reach, program: string, outcome: Outcome, options: AskOptions): Answer {
  const unreached = reach.kind === "ssh" && outcome.exitCode === SSH_FAILED;
  if (outcome.exitCode === undefined || unreached || outcome.overflowed) {
    return noAnswer(program, outcome, options);
  }
  // Docker's own words about the container, in place of the program's.
  const said = outcome.exitCode === 0 ? undefined : dockerError(outcome.stderr);
  return said === undefined
    ? { exitCode: outcome.exitCode, stdout: outcome.stdout, stderr: outcome.stderr, failure: undefined }
    : { exitCode: undefined, stdout: outcome.stdout, stderr: outcome.stderr, failure: said };
}

/** Exported for its test. */
export function dockerError(stderr: string): string | undefined {
  const line = stderr
    .split("\n")
    .find((text) => /^(Error|Error response from daemon|Cannot connect):? /.test(text));
  return line?.replace(/^Error( response from daemon)?: /, "").trim();
}

function noAnswer(program: string, outcome: Outcome, { timeoutSeconds }: AskOptions): Answer {
  const words = lastLine(outcome.stderr) ?? lastLine(outcome.stdout);
  const failure = outcome.missing
    ? `${program} is not installed on this machine`
    : outcome.timedOut
      ? `no answer within ${timeoutSeconds} s`
      : outcome.overflowed
        ? `its answer has no end: more than ${MAXIMUM_BYTES >> 20} MiB`
        : `cannot be reached: ${words ?? `${program} ended with ${outcome.signal ?? outcome.exitCode}`}`;
  return { exitCode: undefined, stdout: outcome.stdout, stderr: outcome.stderr, failure };
}

function lastLine(text: string): string | undefined {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .at(-1);
}
