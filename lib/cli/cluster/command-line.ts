import { type CommandLine, type OtherEnd, type Reach, shellQuoted } from "./reach";
import { interactiveSession, markedSession } from "./session-manager";

/**
 * The program in the node's container. Pure.
 *
 * @param mark for a session that nobody watches
 */
export function inContainer(
  reach: Reach,
  words: readonly string[],
  otherEnd: OtherEnd,
  mark: string,
): CommandLine {
  const flags = { nobody: [], input: ["-i"], terminal: ["-i", "-t"] }[otherEnd];
  return withDocker(reach, ["exec", ...flags, reach.container, ...words], otherEnd, mark);
}

/** The last lines of what the node's container has printed, and with `follows` what it prints from now on. Pure. */
export function containerLog(reach: Reach, lines: number, follows: boolean, mark: string): CommandLine {
  if (reach.kind === "session") {
    // Its container is a new one after each restart, and the journal has the log of all of them.
    const journal = ["sudo", "journalctl", "--unit", reach.service, "--lines", String(lines)];
    return markedSession(
      reach,
      [...journal, "--output", "cat", "--no-pager", ...(follows ? ["--follow"] : [])],
      mark,
    );
  }
  const flags = ["--tail", String(lines), ...(follows ? ["--follow"] : [])];
  return withDocker(reach, ["logs", ...flags, reach.container], "nobody", mark);
}

/** `docker` with the arguments, at the node's Docker engine. Pure. */
export function withDocker(
  reach: Reach,
  args: readonly string[],
  otherEnd: OtherEnd,
  mark: string,
): CommandLine {
  switch (reach.kind) {
    case "docker":
      return {
        program: "docker",
        args: [...(reach.host === undefined ? [] : ["--host", reach.host]), ...args],
      };
    case "ssh":
      return {
        program: "ssh",
        args: [
          ...(otherEnd === "terminal" ? ["-t"] : []),
          ...reach.sshArguments,
          shellQuoted(["docker", ...args]),
        ],
      };
    case "session": {
      // Who has a session is not in the group `docker`.
      const words = ["sudo", "docker", ...args];
      return otherEnd === "terminal" ? interactiveSession(reach, words) : markedSession(reach, words, mark);
    }
  }
}
