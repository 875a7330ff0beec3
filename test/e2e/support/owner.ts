import { spawn } from "node:child_process";
import { once } from "node:events";
import { type CommandResult, eventually } from "./command";
import { OWN_PROGRAM, ownCommand } from "./hosts-project";
import type { Project } from "./project";

/** A command of the owner of a cluster, `npx cdktf-ray-cluster <command> <stack> ...`, in the project's folder. */
export function owner(
  { folder, stack }: Project,
  command: string,
  words: readonly string[] = [],
): Promise<CommandResult> {
  return ownCommand(folder, command, stack, ...words);
}

/** The same as long as `work` lasts, which begins once the command has said something. */
export async function whileOwner<T>(
  { folder, stack }: Project,
  command: string,
  words: readonly string[],
  work: (said: () => string) => Promise<T>,
): Promise<T> {
  const child = spawn("node", [...OWN_PROGRAM, command, stack, ...words], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const note = (data: Buffer): void => {
    said += data.toString();
  };
  child.stdout.on("data", note);
  child.stderr.on("data", note);
  const ended = once(child, "close");
  try {
    await eventually(`${command} says something`, 60, () => {
      if (child.exitCode !== null) {
        throw new Error(`${command} has ended with ${child.exitCode}: ${said}`);
      }
      return Promise.resolve(said === "" ? undefined : said);
    });
    return await work(() => said);
  } finally {
    child.kill("SIGINT");
    await ended;
  }
}
