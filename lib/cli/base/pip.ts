import { installPackages } from "./apt";
import { run } from "./process";
import type { Progress } from "./progress";

/** pip of the host, as program and first arguments. */
export const PIP = ["-m", "pip", "--disable-pip-version-check"];

/**
 * Makes sure that `python3 -m pip` runs on the host.
 *
 * @throws CommandError where it is missing and cannot be installed
 */
export async function ensurePip(progress: Progress): Promise<void> {
  if ((await run("python3", [...PIP, "--version"])).exitCode !== 0) {
    await installPackages(["python3", "python3-pip"], "fetch Ray's wheels", progress);
  }
}
