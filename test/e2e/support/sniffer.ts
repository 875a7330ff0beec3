import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { REPOSITORY } from "./project";

/** What passed between a container and others. */
export interface Sniffed {
  /** By word: ports at which it was readable. */
  readonly found: { readonly [word: string]: readonly number[] };
  /** Ports with records of TLS. */
  readonly tls: readonly number[];
}

/**
 * Looks at what passes the network interface of a container while something is done.
 *
 * @param pid of a process in the container
 * @param words what is looked for
 */
export async function whileSniffing(
  pid: number,
  words: readonly string[],
  act: () => Promise<void>,
): Promise<Sniffed> {
  const script = join(REPOSITORY, "test", "e2e", "python", "sniff.py");
  const child = spawn("nsenter", ["-t", String(pid), "-n", "python3", script, "eth0"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let said = "";
  const began = once(child.stdout, "data");
  child.stdout.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const ended = once(child, "close");
  try {
    child.stdin.write(`${JSON.stringify(words)}\n`);
    await Promise.race([began, ended]);
    await act();
  } finally {
    child.stdin.end();
    await ended;
  }
  return JSON.parse(said.trim().split("\n").at(-1) ?? "") as Sniffed;
}
