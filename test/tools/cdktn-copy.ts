import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { cached, cacheFolder, inputsKey } from "../../lib/cli/base/cache-folder";
import type { Progress } from "../../lib/cli/base/progress";
import { runOrFail } from "../../lib/cli/base/process";
import providers from "../../lib/catalog/providers.json";
import { ROOT } from "./program";

/** Packages of CDK Terrain, as `npm ci` installs them; only the place on EC2 has a published provider. */
const PACKAGES = join(__dirname, "cdktn");
/** The package of the Docker provider's classes, which nobody publishes for CDK Terrain. */
export const DOCKER = "@cdktn/provider-docker";
/** Its classes that the library uses. */
const DOCKER_CLASSES = ["container", "image", "network", "provider", "volume"];

interface Environment {
  readonly [name: string]: string | undefined;
}

/**
 * The library, its stacks and its app for CDK Terrain, in an empty folder: the same files, with the names of its packages.
 *
 * @param environment in which Terraform finds the Docker provider, whose schema its classes are made from
 */
export async function copyForCdktn(
  folder: string,
  environment: Environment,
  progress: Progress,
): Promise<void> {
  const packages = await ensurePackages(progress);
  const docker = await ensureDockerProvider(packages, environment, progress);
  for (const name of ["lib", "stacks", "tools", "docs"]) {
    copyRenamed(join(ROOT, name), join(folder, name));
  }
  writeFileSync(join(folder, "main.ts"), asCdktnReads(readFileSync(join(ROOT, "main.ts"), "utf8")));
  const modules = join(folder, "node_modules");
  cpSync(docker, join(modules, DOCKER), { recursive: true });
  linkAll(packages, modules);
  linkAll(join(ROOT, "node_modules"), modules);
}

/** The same module with the packages of CDK Terrain. */
export function asCdktnReads(text: string): string {
  return text
    .replace(/(from |import\(|require\()(["'])cdktf(["'/])/g, "$1$2cdktn$3")
    .replace(/(from |import\(|require\()(["'])@cdktf\/provider-/g, "$1$2@cdktn/provider-")
    .replace(/npx cdktf(?= )/g, "npx cdktn")
    .replace(/"cdktf", "synth"/g, '"cdktn", "synth"');
}

function copyRenamed(from: string, to: string): void {
  for (const file of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || /__pycache__|docs\/api/.test(file.parentPath)) {
      continue;
    }
    const source = join(file.parentPath, file.name);
    const target = join(to, source.slice(from.length));
    mkdirSync(dirname(target), { recursive: true });
    if (file.name.endsWith(".ts")) {
      writeFileSync(target, asCdktnReads(readFileSync(source, "utf8")));
    } else {
      cpSync(source, target);
    }
  }
}

/** Every package of a folder that the copy does not have yet; nothing of CDKTF. */
function linkAll(from: string, to: string): void {
  for (const name of readdirSync(from).filter((entry) => !/^\.|^cdktf/.test(entry) && entry !== "@cdktf")) {
    const [source, target] = [join(from, name), join(to, name)];
    if (name.startsWith("@")) {
      linkAll(source, target);
    } else if (!existsSync(target)) {
      mkdirSync(to, { recursive: true });
      symlinkSync(source, target);
    }
  }
}

/** The folder of the packages, installed once: they are large, and nothing else needs them. */
async function ensurePackages(progress: Progress): Promise<string> {
  const files = ["package.json", "package-lock.json"];
  const texts = files.map((file) => readFileSync(join(PACKAGES, file), "utf8"));
  const path = join(cacheFolder(), "cdktn", `packages-${inputsKey(...texts)}`);
  const installed = await cached(path, async (work) => {
    const cwd = join(work, "packages");
    mkdirSync(cwd);
    files.forEach((file, index) => writeFileSync(join(cwd, file), texts[index]));
    await progress.step("install the packages of CDK Terrain", () =>
      runOrFail("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd }),
    );
    return cwd;
  });
  return join(installed, "node_modules");
}

/** The package of the Docker provider's classes, made by `cdktf get` from the provider's own schema, renamed and compiled. */
function ensureDockerProvider(
  packages: string,
  environment: Environment,
  progress: Progress,
): Promise<string> {
  const [{ id, address, versions }] = providers.filter((provider) => provider.id === "docker");
  const settings = JSON.stringify({
    language: "typescript",
    app: "true",
    projectId: "none",
    sendCrashReports: "false",
    terraformProviders: [{ name: id, source: address, version: versions }],
    codeMakerOutput: "bindings",
  });
  const facts = JSON.stringify([DOCKER_PACKAGE, DOCKER_OPTIONS, DOCKER_CLASSES]);
  return cached(
    join(cacheFolder(), "cdktn", `docker-${inputsKey(settings, facts, packages)}`),
    async (work) => {
      writeFileSync(join(work, "cdktf.json"), settings);
      const program = join(ROOT, "node_modules", ".bin", "cdktf");
      await progress.step("make the classes of the Docker provider", () =>
        runOrFail(program, ["get"], {
          cwd: work,
          environment: { CHECKPOINT_DISABLE: "1", CI: "true", ...environment },
        }),
      );
      const made = join(work, DOCKER);
      copyRenamed(join(work, "bindings", "providers", id), join(work, "renamed"));
      writeFileSync(join(work, "package.json"), JSON.stringify({ type: "commonjs" }));
      symlinkSync(packages, join(work, "node_modules"));
      const files = DOCKER_CLASSES.map((name) => `renamed/${name}/index.ts`);
      const compilerOptions = { ...DOCKER_OPTIONS, rootDir: "renamed", outDir: join(made, "lib") };
      writeFileSync(join(work, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
      await progress.step("compile the classes of the Docker provider", () =>
        runOrFail(join(ROOT, "node_modules", ".bin", "tsc"), ["-p", "."], { cwd: work }),
      );
      writeFileSync(join(made, "package.json"), JSON.stringify(DOCKER_PACKAGE, null, 2));
      return made;
    },
  );
}

const DOCKER_OPTIONS = {
  target: "ES2022",
  module: "node16",
  moduleResolution: "node16",
  strict: true,
  declaration: true,
  skipLibCheck: true,
  types: [],
};
const DOCKER_PACKAGE = {
  name: DOCKER,
  version: "0.0.0",
  description: "Classes of kreuzwerker/docker that cdktn-ray-cluster uses, generated by cdktf get",
  license: "MPL-2.0",
};
