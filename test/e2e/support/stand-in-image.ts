import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { emulationImageTag } from "../../../lib/docker/images/emulation-image";
import { run, runOrFail } from "./command";
import { REPOSITORY } from "./project";

const DOCKERFILE = join(REPOSITORY, "test/e2e/stand-ins/stand-ins.dockerfile");

/** By their folder in the build context: everything that the image is made of, besides its base. */
const INPUTS: { readonly [folder: string]: readonly string[] } = {
  python: [
    "test/e2e/python/stand_ins",
    "test/e2e/python/launch.py",
    "lib/engines/emulated/emulated_api.py",
    "lib/engines/emulated/emulated_ranks.py",
  ],
  data: [
    "test/fixtures/engine-flags",
    "lib/catalog/engine-environment.json",
    "test/e2e/stand-ins/recipe.yaml",
  ],
};

/** Tag of the image with the engines' stand-ins; a hash over its inputs, so that synth needs no Docker. */
export function standInImageTag(rayVersion?: string): string {
  const base = emulationImageTag(rayVersion);
  const hash = createHash("sha256").update(base).update(readFileSync(DOCKERFILE));
  for (const file of Object.values(INPUTS).flat().flatMap(filesOf)) {
    hash.update(`\0${file}\0`).update(readFileSync(join(REPOSITORY, file)));
  }
  const ray = /:(ray[\d.]+)-/.exec(base)?.[1] ?? "ray";
  return `cdktf-ray-cluster/stand-ins:${ray}-${hash.digest("hex").slice(0, 12)}`;
}

/** The image in Docker, built where it is missing; its base must be there. Returns its tag. */
export async function ensureStandInImage(rayVersion?: string): Promise<string> {
  const tag = standInImageTag(rayVersion);
  const found = await run("docker", ["image", "inspect", tag], { timeoutSeconds: 30 });
  if (found.exitCode === 0) {
    return tag;
  }
  const context = mkdtempSync(join(tmpdir(), "ray-cluster-stand-ins-"));
  try {
    for (const [folder, inputs] of Object.entries(INPUTS)) {
      mkdirSync(join(context, folder));
      for (const input of inputs) {
        cpSync(join(REPOSITORY, input), join(context, folder, basename(input)), {
          recursive: true,
          filter: (source) => !source.includes("__pycache__"),
        });
      }
    }
    const hasBuildx = await run("docker", ["buildx", "version"], { timeoutSeconds: 30 });
    await runOrFail(
      "docker",
      [
        ...["build", "--network", "none", "--tag", tag, "--file", DOCKERFILE],
        ...["--build-arg", `EMULATION_IMAGE=${emulationImageTag(rayVersion)}`, context],
      ],
      {
        timeoutSeconds: 120,
        environment: { ...process.env, DOCKER_BUILDKIT: hasBuildx.exitCode === 0 ? "1" : "0" },
      },
    );
    return tag;
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** The file, or all files of the folder, relative to the repository. */
function filesOf(path: string): string[] {
  if (statSync(join(REPOSITORY, path)).isFile()) {
    return [path];
  }
  const names = readdirSync(join(REPOSITORY, path), { recursive: true, encoding: "utf8" }).sort();
  return names
    .map((name) => join(path, name))
    .filter((file) => !file.includes("__pycache__") && statSync(join(REPOSITORY, file)).isFile());
}
