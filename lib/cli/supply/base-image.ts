import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BaseImage } from "../../catalog/base-images";
import { canInstallPackages, installPackages } from "../base/apt";
import { cached, cacheFolder, inputsKey } from "./cache-folder";
import { CommandError } from "../base/command-error";
import type { DockerEngine } from "../base/docker-engine";
import { lastLines, run, runOrFail } from "../base/process";
import type { Progress } from "../base/progress";

/** Until the registry's first answer; behind a closed firewall there is none, and the daemon retries. */
const FIRST_ANSWER_SECONDS = 45;
const PULL_SECONDS = 1200;

/** What a file system needs no more once its packages are installed. */
const LEFT_OUT = ["./proc/*", "./sys/*", "./var/cache/apt/*", "./var/lib/apt/lists/*", "./var/log/*"];

/**
 * An image with the wanted Python in the engine: the public one where a container registry can be
 * reached, else one made of Debian's packages, whose file system stays in the cache.
 *
 * @returns its reference
 * @throws CommandError where there is neither
 */
export async function ensureBaseImage(
  base: BaseImage,
  engine: DockerEngine,
  progress: Progress,
): Promise<string> {
  if (await hasImage(base.image)) {
    return base.image;
  }
  const made = `cdktf-ray-cluster/base:${base.suite}-${engine.architecture}-${inputsKey(...base.packages)}`;
  if (await hasImage(made)) {
    return made;
  }
  try {
    await progress.step(`pulling ${base.image}`, () => pull(base.image));
    return base.image;
  } catch (error) {
    progress.say(`  ${String(error)}\n  so the base is made of Debian's packages`);
  }
  const tar = await ensureFileSystem(base, engine, progress);
  await progress.step("importing the base into Docker", () =>
    runOrFail("docker", ["import", "--change", 'CMD ["/bin/bash"]', tar, made]),
  );
  return made;
}

export async function hasImage(reference: string): Promise<boolean> {
  return (await run("docker", ["image", "inspect", "--format", "{{.Id}}", reference])).exitCode === 0;
}

async function pull(image: string): Promise<void> {
  const tooLate = new AbortController();
  const silence = setTimeout(() => {
    tooLate.abort();
  }, FIRST_ANSWER_SECONDS * 1000);
  const outcome = await run("docker", ["pull", image], {
    timeoutSeconds: PULL_SECONDS,
    signal: tooLate.signal,
    onLine: () => {
      clearTimeout(silence);
    },
  });
  clearTimeout(silence);
  if (outcome.exitCode !== 0) {
    const said = lastLines(outcome.stderr, 3).trim();
    throw new CommandError(
      `no container registry can be reached: ${said === "" ? `no answer within ${FIRST_ANSWER_SECONDS} s` : said}`,
    );
  }
}

/** Tar of a Debian file system with the base's packages. */
async function ensureFileSystem(base: BaseImage, engine: DockerEngine, progress: Progress): Promise<string> {
  const file = `base-${base.suite}-${engine.architecture}-${inputsKey(...base.packages)}.tar`;
  return cached(join(cacheFolder(), "images", file), async (work) => {
    await ensureDebootstrap(base, progress);
    const root = join(work, "root");
    mkdirSync(root);
    await progress.step(
      `making a Debian ${base.suite} file system with debootstrap`,
      async () => bootstrap(base, engine, root),
      "1 to 2 min",
    );
    const tar = join(work, "root.tar");
    await runOrFail("tar", [
      ...["--create", "--numeric-owner", "--file", tar, "--directory", root],
      ...LEFT_OUT.map((path) => `--exclude=${path}`),
      ".",
    ]);
    return tar;
  });
}

async function ensureDebootstrap(base: BaseImage, progress: Progress): Promise<void> {
  if (!(await canInstallPackages())) {
    throw new CommandError(
      `no container registry can be reached, and the base cannot be made here: that takes root on Debian or Ubuntu`,
      `Load an image with Python ${base.pythonVersion} into Docker (docker load) and name it with --base-image, or run this as root.`,
    );
  }
  if ((await run("debootstrap", ["--version"])).missing) {
    // The keyring is what Ubuntu lacks to check Debian's signatures.
    await installPackages(["debootstrap", "debian-archive-keyring"], "make the base of the image", progress);
  }
}

async function bootstrap(base: BaseImage, engine: DockerEngine, root: string): Promise<void> {
  try {
    await runOrFail("debootstrap", [
      ...["--variant=minbase", `--arch=${engine.architecture}`, `--include=${base.packages.join(",")}`],
      ...[base.suite, root, await debianMirror(base)],
    ]);
  } catch (error) {
    // Left mounted when it breaks off, and then nothing in there can be removed.
    await run("umount", [join(root, "proc"), join(root, "sys")]);
    throw error;
  }
}

/** The archive that the host itself uses, where the host is a Debian: networks without a registry often have their own. */
async function debianMirror(base: BaseImage): Promise<string> {
  const format = "$(ORIGIN) $(COMPONENT) $(CODENAME) $(REPO_URI)";
  const { stdout } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  for (const line of stdout.split("\n")) {
    const [origin, component, codename, uri] = line.split(" ");
    const isRelease = origin === "Debian" && component === "main" && !codename?.includes("-");
    if (isRelease && uri?.startsWith("http")) {
      return uri;
    }
  }
  return base.mirror;
}
