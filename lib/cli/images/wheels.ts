import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { installPackages } from "../base/apt";
import { cached, cacheFolder, inputsKey } from "../base/cache-folder";
import { CommandError } from "../base/command-error";
import { howItEnded, run } from "../base/process";
import type { Progress } from "../base/progress";

/** Everything that is fetched, to the byte. */
export interface LockedWheels {
  /** Path of a file with each package, its version and its hashes. */
  readonly lock: string;
}

/** What pip is asked for, and bounds for what that depends on. Nothing has a hash. */
export interface PinnedWheels {
  /** Each with its version. */
  readonly packages: readonly string[];
  /** Path of a file that pins everything else. */
  readonly pins: string;
}

export interface WheelsWanted {
  /** What they are, as a person says it, e.g. `Ray 2.58.0`. */
  readonly title: string;
  /** Name of their folder in the cache, before the key of the inputs. */
  readonly name: string;
  readonly list: LockedWheels | PinnedWheels;
  /** `major.minor` of the image's Python. */
  readonly pythonVersion: string;
  /** Docker's name of the image's architecture. */
  readonly architecture: string;
  /**
   * Further platform tags of Linux wheels that the image's C library runs, without the machine.
   *
   * @default - none
   */
  readonly platforms?: readonly string[];
  /** How long it takes as a rule. */
  readonly usually: string;
}

/** pip of the host. */
const PIP = ["-m", "pip", "--disable-pip-version-check"];

/** Python's names for Docker's architectures. */
const MACHINES: { readonly [architecture: string]: string } = { amd64: "x86_64", arm64: "aarch64" };

/** Platform tags of Linux wheels that run on a C library at least as old as Debian 12's. */
const PLATFORMS = ["manylinux2014", "manylinux_2_28"];

/**
 * Folder of the wheels that an image needs, for the image's Python and architecture, fetched with
 * the host's pip: that one is set up for the user's proxy, package index and certificates.
 */
export async function fetchWheels(wanted: WheelsWanted, progress: Progress): Promise<string> {
  const args = downloadArguments(wanted);
  const file = "lock" in wanted.list ? wanted.list.lock : wanted.list.pins;
  // Without the path of the file: every clone, compiled or not, takes the same wheels.
  const key = inputsKey(...args.filter((word) => word !== file), readFileSync(file, "utf8"));
  return cached(join(cacheFolder(), "wheels", `${wanted.name}-${key}`), async (work) => {
    if ((await run("python3", [...PIP, "--version"])).exitCode !== 0) {
      await installPackages(["python3", "python3-pip"], "fetch Ray's wheels", progress);
    }
    const folder = join(work, "wheels");
    mkdirSync(folder);
    await progress.step(
      `fetching the wheels of ${wanted.title} with pip`,
      async () => {
        const outcome = await run("python3", [...PIP, ...args, "--dest", folder]);
        if (outcome.exitCode !== 0) {
          throw new CommandError(
            `pip download ${howItEnded(outcome)}`,
            "pip takes its index, proxy and certificates from PIP_INDEX_URL, HTTPS_PROXY and PIP_CERT.",
          );
        }
      },
      wanted.usually,
    );
    return folder;
  });
}

function downloadArguments(wanted: WheelsWanted): string[] {
  const machine = MACHINES[wanted.architecture];
  if (machine === undefined) {
    throw new CommandError(
      `the image can be built for ${Object.keys(MACHINES).join(" and ")} only, but the Docker engine runs on ${wanted.architecture}`,
    );
  }
  const version = wanted.pythonVersion.replace(".", "");
  const platforms = [...PLATFORMS, ...(wanted.platforms ?? [])];
  return [
    "download",
    "--quiet",
    "--only-binary=:all:",
    ...["--implementation", "cp", "--python-version", wanted.pythonVersion, "--abi", `cp${version}`],
    ...["--abi", "abi3", "--abi", "none"],
    ...platforms.flatMap((platform) => ["--platform", `${platform}_${machine}`]),
    ...listArguments(wanted.list),
  ];
}

function listArguments(list: LockedWheels | PinnedWheels): string[] {
  return "lock" in list
    ? ["--no-deps", "--require-hashes", "--requirement", list.lock]
    : ["--constraint", list.pins, ...list.packages, "pip"];
}
