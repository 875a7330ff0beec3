import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BaseImage } from "../../lib/catalog/base-images";
import { canInstallPackages, installPackages } from "../../lib/cli/base/apt";
import { cached, cacheFolder, inputsKey } from "../../lib/cli/base/cache-folder";
import { CommandError } from "../../lib/cli/base/command-error";
import type { DockerEngine } from "../../lib/cli/base/docker-engine";
import { run, runOrFail } from "../../lib/cli/base/process";
import type { Progress } from "../../lib/cli/base/progress";
import { type BaseImageMaker, hasImage } from "../../lib/cli/images/base-image";

/** What a file system needs no more once its packages are installed. */
const LEFT_OUT = ["./proc/*", "./sys/*", "./var/cache/apt/*", "./var/lib/apt/lists/*", "./var/log/*"];

/** A base image made of Debian's packages, whose file system stays in the cache. */
export const DEBIAN_BASE: BaseImageMaker = {
  existing: async (base, engine) => {
    const reference = referenceOf(base, engine);
    return (await hasImage(reference)) ? reference : undefined;
  },
  make: async (base, engine, progress) => {
    const tar = await ensureFileSystem(base, engine, progress);
    const reference = referenceOf(base, engine);
    await progress.step("importing the base into Docker", () =>
      runOrFail("docker", ["import", "--change", 'CMD ["/bin/bash"]', tar, reference]),
    );
    return reference;
  },
};

function referenceOf(base: BaseImage, engine: DockerEngine): string {
  return `cdktf-ray-cluster/base:${base.suite}-${engine.architecture}-${inputsKey(...base.packages)}`;
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

/** Keys of Debian's archive, of the package debian-archive-keyring. */
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

async function ensureDebootstrap(base: BaseImage, progress: Progress): Promise<void> {
  if (!(await canInstallPackages())) {
    throw new CommandError(
      `no container registry can be reached, and only root on Debian or Ubuntu can make the base image here`,
      `Load an image with Python ${base.pythonVersion} into Docker (docker load) and name it with --base-image, or run this as root.`,
    );
  }
  // Without the keyring, which Ubuntu lacks, debootstrap would take a release that nobody has signed.
  if ((await run("debootstrap", ["--version"])).missing || !existsSync(KEYRING)) {
    await installPackages(["debootstrap", "debian-archive-keyring"], "make the base of the image", progress);
  }
}

/** Exported for the attack of an unsigned mirror. */
export function debootstrapArguments(
  { packages, suite }: Pick<BaseImage, "packages" | "suite">,
  { architecture }: Pick<DockerEngine, "architecture">,
  root: string,
  mirror: string,
): readonly string[] {
  return [
    ...["--force-check-gpg", `--keyring=${KEYRING}`],
    ...["--variant=minbase", `--arch=${architecture}`, `--include=${packages.join(",")}`],
    ...[suite, root, mirror],
  ];
}

async function bootstrap(base: BaseImage, engine: DockerEngine, root: string): Promise<void> {
  try {
    await runOrFail("debootstrap", debootstrapArguments(base, engine, root, await debianMirror(base)));
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
