import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cached, cacheFolder, inputsKey } from "../../lib/cli/base/cache-folder";
import { run, runOrFail } from "../../lib/cli/base/process";
import { Missing } from "./check";
import { ROOT } from "./program";

const OLDEST_MINOR = 10;

/** Python with the pinned tools. */
export async function developmentPython(): Promise<string> {
  return pythonWith("-r", join(ROOT, "requirements-dev.txt"));
}

/** Python with a Ray that has all it can have: its dashboard and Ray Client. */
export async function pythonWithRay(version: string): Promise<string> {
  return pythonWith(`ray[default]==${version}`, "-r", join(ROOT, "test/attacks/ray-default.txt"));
}

/** A virtual environment that stays in the cache. @param requirements as pip takes them; the last one is a file */
async function pythonWith(...requirements: readonly string[]): Promise<string> {
  const { stdout: version } = await run("python3", ["--version"]);
  const minor = /^Python 3\.(\d+)/.exec(version)?.[1];
  if (minor === undefined || Number(minor) < OLDEST_MINOR) {
    throw new Missing(`no Python 3.${OLDEST_MINOR} or newer`);
  }
  if ((await run("python3", ["-c", "import ensurepip, venv"])).exitCode !== 0) {
    throw new Missing("no venv for Python (package python3-venv)");
  }
  const key = inputsKey(
    version,
    ...requirements.slice(0, -1),
    readFileSync(requirements.at(-1) ?? "", "utf8"),
  );
  const folder = join(cacheFolder(), "venv", key);
  const ready = await cached(join(folder, "ready"), async (work) => {
    await runOrFail("python3", ["-m", "venv", "--clear", join(folder, "python")]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements];
    await runOrFail(join(folder, "python", "bin", "python"), pip);
    return work;
  });
  return join(ready, "..", "python", "bin", "python");
}
