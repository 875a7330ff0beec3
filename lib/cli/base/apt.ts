import { CommandError } from "./command-error";
import { run, runOrFail } from "./process";
import type { Progress } from "./progress";

/** Packages of the distribution, where there is apt-get and the user is root. */
export async function canInstallPackages(): Promise<boolean> {
  return process.getuid?.() === 0 && (await run("apt-get", ["--version"])).exitCode === 0;
}

/**
 * Installs packages by apt-get.
 *
 * @param wanted what they are wanted for, as it reads after `needed to`
 * @throws CommandError where the user is not root or the distribution has no apt-get
 */
export async function installPackages(
  packages: readonly string[],
  wanted: string,
  progress: Progress,
): Promise<void> {
  const names = packages.join(", ");
  if (!(await canInstallPackages())) {
    throw new CommandError(
      `missing packages, needed to ${wanted}: ${names}`,
      "Install them with your distribution's package manager, or run this as root on Debian or Ubuntu.",
    );
  }
  const options = { environment: { DEBIAN_FRONTEND: "noninteractive" } };
  await progress.step(`installing ${names} with apt-get, to ${wanted}`, async () => {
    await runOrFail("apt-get", ["update", "-q"], options);
    await runOrFail("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages], options);
  });
}
