import { join } from "node:path";
import { canInstallPackages } from "./apt";
import { CommandError } from "./command-error";
import { howItEnded, type Outcome, run } from "./process";
import type { Progress } from "./progress";

/** Installs and starts Docker on the host; `rootfs` mirrors the host's file system. */
const INSTALL_SCRIPT = join(__dirname, "../../bootstrap/rootfs/usr/local/lib/ray-cluster/install-docker.sh");

/** A daemon that hangs is as good as none. */
const ANSWER_SECONDS = 20;

export interface DockerEngine {
  readonly version: string;
  /** As Docker and Debian name it: `amd64`, `arm64`. */
  readonly architecture: string;
}

/** The Docker engine that the environment points at; `undefined` where none answers. */
export async function findDocker(): Promise<DockerEngine | undefined> {
  return engineOf(await askVersion());
}

/**
 * A Docker engine that answers: the one that is there, else, as root on Debian or Ubuntu, the
 * distribution's own, installed and started.
 *
 * @throws CommandError that says why there is none and what to do
 */
export async function ensureDocker(progress: Progress): Promise<DockerEngine> {
  const first = await askVersion();
  const present = engineOf(first);
  if (present !== undefined) {
    return present;
  }
  await requireHostWhereInstallingHelps(first);
  await progress.step("installing and starting the distribution's Docker engine", async () => {
    const outcome = await run("bash", [INSTALL_SCRIPT], { onLine: (line) => progress.say(`  ${line}`) });
    if (outcome.exitCode !== 0) {
      throw new CommandError(`installing Docker ${howItEnded(outcome)}`);
    }
  });
  const second = await askVersion();
  const installed = engineOf(second);
  if (installed === undefined) {
    throw new CommandError(
      `Docker was installed, but no engine answers: docker version ${howItEnded(second)}`,
    );
  }
  return installed;
}

async function requireHostWhereInstallingHelps(outcome: Outcome): Promise<void> {
  const host = process.env.DOCKER_HOST;
  if (host !== undefined && host !== "") {
    throw new CommandError(
      `no Docker engine answers at DOCKER_HOST=${host}`,
      "Start it, or unset DOCKER_HOST to use the engine of this machine.",
    );
  }
  if (/permission denied/i.test(outcome.stderr)) {
    throw new CommandError(
      "this user has no permission to use the Docker engine",
      "Add the user to the group 'docker' and log in again, or run this as root.",
    );
  }
  if (!(await canInstallPackages())) {
    throw new CommandError(
      outcome.missing ? "Docker is not installed" : "Docker is installed, but its engine does not answer",
      "Install and start Docker (docs.docker.com/engine/install), or run this as root on Debian or Ubuntu.",
    );
  }
}

function askVersion(): Promise<Outcome> {
  return run("docker", ["version", "--format", "{{.Server.Version}} {{.Server.Arch}}"], {
    timeoutSeconds: ANSWER_SECONDS,
  });
}

function engineOf(outcome: Outcome): DockerEngine | undefined {
  const [version, architecture] = outcome.stdout.trim().split(" ");
  return outcome.exitCode === 0 && version !== undefined && architecture !== undefined
    ? { version, architecture }
    : undefined;
}
