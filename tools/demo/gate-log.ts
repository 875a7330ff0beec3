import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../lib/cli/base/process";

const POLL_MILLISECONDS = 500;

/**
 * Passes on what the gate of a deployment prints while it waits: who is missing, how long it has been
 * and the deadline. Returns when `signal` says that the deployment has ended.
 *
 * @param container the gate; one from before `since` belongs to an earlier deployment
 */
export async function followGate(
  container: string,
  since: Date,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { exitCode, stdout } = await run("docker", [
      "inspect",
      "--format",
      "{{.State.StartedAt}}",
      container,
    ]);
    if (exitCode === 0 && new Date(stdout.trim()) > since) {
      await run("docker", ["logs", "--follow", container], { onLine, signal });
      return;
    }
    await sleep(POLL_MILLISECONDS, undefined, { signal }).catch(() => undefined);
  }
}
