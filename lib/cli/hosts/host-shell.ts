import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostsFile } from "../../docker/hosts/hosts-file";
import { type Outcome, run } from "../base/process";

/** Scripts for the machines; `rootfs` mirrors a machine's file system. */
const SCRIPTS = join(__dirname, "../../bootstrap/rootfs/usr/local/lib/ray-cluster");

/** One machine of a stack or an inventory. */
export type HostTarget = HostsFile["machines"][number];

/** One finding of `check-machine.sh`. */
export interface HostFinding {
  readonly outcome: "ok" | "warning" | "problem";
  readonly topic: string;
  readonly text: string;
}

export type HostScript = "check-machine.sh" | "install-docker.sh" | "install-nvidia-toolkit.sh";

/** Reads the length of a script, then the script; see `on-host.sh`, which deployments use. */
const remote = (shell: string) => `sh -c 'read -r n && s=$(head -c "$n") && exec ${shell} -c "$s" on-host'`;

/** Path of a script. */
export function scriptPath(script: HostScript): string {
  return join(SCRIPTS, script);
}

/**
 * Runs one of the constant scripts on a machine, with facts on its standard input.
 *
 * @param asRoot for a user that is not root: with sudo, which must not ask for a password
 */
export function runOnHost(
  target: HostTarget,
  script: HostScript,
  facts: readonly string[],
  options: {
    readonly asRoot?: boolean;
    readonly timeoutSeconds: number;
    readonly onLine?: (line: string) => void;
  },
): Promise<Outcome> {
  const text = readFileSync(scriptPath(script), "utf8");
  const isRoot = target.sshArguments[target.sshArguments.indexOf("-l") + 1] === "root";
  const shell = options.asRoot && !isRoot ? "sudo -n bash" : "bash";
  return run("ssh", [...target.sshArguments, remote(shell)], {
    timeoutSeconds: options.timeoutSeconds,
    onLine: options.onLine,
    input: [Buffer.byteLength(text), text + facts.join("\n"), ""].join("\n"),
  });
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
