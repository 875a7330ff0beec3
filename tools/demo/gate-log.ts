import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../lib/cli/base/process";

const POLL_MILLISECONDS = 500;

/**
 * Follows the output of a deployment's readiness check: the missing nodes, the elapsed time and the deadline. Returns
 * when `signal` reports the end of the deployment.
 *
 * @param container of the readiness check; one from before `since` belongs to an earlier deployment
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
