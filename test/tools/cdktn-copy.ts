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
/** Folder for the classes of the Docker provider, which nobody publishes for CDK Terrain. */
const DOCKER = "@cdktn/provider-docker";

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
  const bindings = await ensureDockerBindings(environment, progress);
  for (const name of ["lib", "stacks", "tools"]) {
    copyRenamed(join(ROOT, name), join(folder, name));
  }
  writeFileSync(join(folder, "main.ts"), asCdktnReads(readFileSync(join(ROOT, "main.ts"), "utf8")));
  const modules = join(folder, "node_modules");
  linkAll(packages, modules);
  linkAll(join(ROOT, "node_modules"), modules);
  copyRenamed(bindings, join(modules, DOCKER, "lib"));
}

/** The same module with the packages of CDK Terrain. */
export function asCdktnReads(text: string): string {
  return text
    .replace(/(from |import\(|require\()(["'])cdktf(["'/])/g, "$1$2cdktn$3")
    .replace(/(from |import\(|require\()(["'])@cdktf\/provider-/g, "$1$2@cdktn/provider-");
}

function copyRenamed(from: string, to: string): void {
  for (const file of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!file.isFile() || file.name.endsWith(".md") || file.parentPath.includes("__pycache__")) {
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

/** The classes of the Docker provider, made by `cdktf get` from the provider's own schema; they still import `cdktf`. */
function ensureDockerBindings(environment: Environment, progress: Progress): Promise<string> {
  const [{ id, address, versions }] = providers.filter((provider) => provider.id === "docker");
  const settings = JSON.stringify({
    language: "typescript",
    app: "true",
    projectId: "none",
    sendCrashReports: "false",
    terraformProviders: [{ name: id, source: address, version: versions }],
    codeMakerOutput: "bindings",
  });
  return cached(join(cacheFolder(), "cdktn", `docker-${inputsKey(settings)}`), async (work) => {
    writeFileSync(join(work, "cdktf.json"), settings);
    const program = join(ROOT, "node_modules", ".bin", "cdktf");
    await progress.step("make the classes of the Docker provider", () =>
      runOrFail(program, ["get"], {
        cwd: work,
        environment: { CHECKPOINT_DISABLE: "1", CI: "true", ...environment },
      }),
    );
    return join(work, "bindings", "providers", id);
  });
}
