import { CommandError } from "../base/command-error";
import { type Answer, askLog } from "./ask";
import { type ClusterChoice, clusterOf, nodeOf } from "./clusters";
import { lookAt } from "./node-state";
import type { ClusterNode } from "./reach";

export interface LogsOptions {
  /** Go on with what is printed from now on, until Ctrl-C. */
  readonly follow?: boolean;
  /** Of each node. @default 100 */
  readonly lines?: string;
  /** @default - all nodes */
  readonly node?: string;
}

const LOG_SECONDS = 60;
/** Enough to say why a log ended. */
const KEPT_LINES = 20;

/**
 * Prints the logs of all nodes, each line after the name of its node: that of the culprit first, else as the lines come.
 *
 * @param stopped ends what follows
 * @throws CommandError if a node does not give its log
 */
export async function logs(
  choice: ClusterChoice,
  options: LogsOptions,
  write: (text: string) => void,
  stopped: AbortSignal,
): Promise<void> {
  const lines = wholeNumber(options.lines ?? "100");
  const cluster = await clusterOf(choice);
  const nodes =
    options.node === undefined
      ? (await lookAt(cluster)).nodes.map(({ node }) => node)
      : [nodeOf(cluster, options.node)];
  const width = Math.max(...nodes.map(({ name }) => name.length));
  const line = ({ name }: ClusterNode, text: string): string => `${name.padEnd(width)} | ${text}\n`;
  const answers = options.follow
    ? await Promise.all(
        nodes.map((node) => {
          const onLine = (text: string): void => {
            write(line(node, text));
          };
          return askLog(node, lines, true, { onLine, keptLines: KEPT_LINES, signal: stopped });
        }),
      )
    : await Promise.all(nodes.map((node) => wholeLog(node, lines)));
  if (!options.follow) {
    answers.forEach(({ stdout }, index) => {
      stdout.split("\n").forEach((text) => {
        write(line(nodes[index], text));
      });
    });
  }
  const failed = nodes.flatMap((node, index) =>
    answers[index].failure === undefined || stopped.aborted
      ? []
      : [`  ${node.called}: ${answers[index].failure}`],
  );
  if (failed.length > 0) {
    throw new CommandError(`no log of:\n${failed.join("\n")}`);
  }
}

/** The last lines of a node, of both outputs in the order in which they came. */
export async function wholeLog(node: ClusterNode, lines: number): Promise<Answer> {
  const found: string[] = [];
  const answer = await askLog(node, lines, false, {
    timeoutSeconds: LOG_SECONDS,
    onLine: (text) => {
      found.push(text);
    },
    keptLines: KEPT_LINES,
  });
  return { ...answer, stdout: found.join("\n") };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) {
    throw new CommandError(`--lines must be a whole number, got '${text}'`);
  }
  return Number(text);
}
