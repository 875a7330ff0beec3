import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostsFile } from "../../docker/hosts/hosts-file";
import { type Outcome, run } from "./process";

/** Scripts for the machines; `rootfs` mirrors a machine's file system. */
const SCRIPTS = join(__dirname, "../../bootstrap/rootfs/usr/local/lib/ray-cluster");

/** Of one output; a script prints some kB, a package manager some more. */
const MAXIMUM_BYTES = 16 << 20;

/** One machine of a stack or an inventory. */
export type HostTarget = HostsFile["machines"][number];

/** One finding of `check-machine.sh`. */
export interface HostFinding {
  readonly outcome: "ok" | "warning" | "problem";
  readonly topic: string;
  readonly text: string;
}

export type HostScript =
  | "check-machine.sh"
  | "cluster-token.sh"
  | "install-docker.sh"
  | "install-nftables.sh"
  | "install-nvidia-toolkit.sh"
  | "make-nvidia-devices.sh";

/**
 * Reads a mark, the length of a script, then the script, and prints the mark before and after the script's output; see
 * `on-host.sh`, which deployments use.
 */
const remote = (shell: string) =>
  `sh -c 'read -r m n && s=$(head -c "$n") && printf "\\n%s\\n" "$m" && ` +
  `{ ${shell} -c "$s" on-host; r=$?; printf "\\n%s\\n" "$m"; exit "$r"; }'`;

/** How a script on a machine ended; its standard output is the script's alone. */
export interface HostOutcome extends Outcome {
  /** First line that the login shell printed by itself. */
  readonly stray: string | undefined;
}

/** Path of a script. */
export function scriptPath(script: HostScript): string {
  return join(SCRIPTS, script);
}

/**
 * Runs one of the constant scripts on a machine, with facts on its standard input.
 *
 * @param asRoot for a user that is not root: with sudo, which must not ask for a password
 */
export async function runOnHost(
  target: HostTarget,
  script: HostScript,
  facts: readonly string[],
  options: {
    readonly asRoot?: boolean;
    readonly timeoutSeconds: number;
    readonly onLine?: (line: string) => void;
  },
): Promise<HostOutcome> {
  const text = readFileSync(scriptPath(script), "utf8");
  const mark = `on-host-${randomBytes(16).toString("hex")}`;
  const isRoot = target.sshArguments[target.sshArguments.indexOf("-l") + 1] === "root";
  const shell = options.asRoot && !isRoot ? "sudo -n bash" : "bash";
  const outcome = await run("ssh", [...target.sshArguments, remote(shell)], {
    maximumBytes: MAXIMUM_BYTES,
    timeoutSeconds: options.timeoutSeconds,
    onLine: (line) => {
      if (line.trim() !== "" && line !== mark) {
        options.onLine?.(line);
      }
    },
    input: [`${mark} ${Buffer.byteLength(text)}`, text + facts.join("\n"), ""].join("\n"),
  });
  return { ...outcome, ...parts(outcome.stdout, mark) };
}

/** Separates what the script printed from what the login shell did. */
function parts(
  printed: string,
  mark: string,
): { readonly stdout: string; readonly stray: string | undefined } {
  const [before = "", inside = "", ...after] = `\n${printed}\n`.split(`\n${mark}\n`);
  return {
    stdout: inside,
    stray: [before, ...after].flatMap((text) => text.split("\n")).find((line) => line.trim() !== ""),
  };
}

/** The findings in the output of `check-machine.sh`. */
export function findingsOf(output: string): readonly HostFinding[] {
  return output.split("\n").flatMap((line) => {
    const found = /^(ok|warning|problem) (\S+) (.*)$/.exec(line);
    return found === null
      ? []
      : [{ outcome: found[1] as HostFinding["outcome"], topic: found[2], text: found[3] }];
  });
}
