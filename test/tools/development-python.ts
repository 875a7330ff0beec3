import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cached, cacheFolder, inputsKey } from "../../lib/cli/base/cache-folder";
import { run, runOrFail } from "../../lib/cli/base/process";
import { Missing } from "./check";
import { ROOT } from "./program";

const OLDEST_MINOR = 10;

/** Python with the pinned tools, in a virtual environment that stays in the cache. */
export async function developmentPython(): Promise<string> {
  const requirements = join(ROOT, "requirements-dev.txt");
  const { stdout: version } = await run("python3", ["--version"]);
  const minor = /^Python 3\.(\d+)/.exec(version)?.[1];
  if (minor === undefined || Number(minor) < OLDEST_MINOR) {
    throw new Missing(`no Python 3.${OLDEST_MINOR} or newer`);
  }
  if ((await run("python3", ["-c", "import ensurepip, venv"])).exitCode !== 0) {
    throw new Missing("no venv for Python (package python3-venv)");
  }
  const key = inputsKey(version, readFileSync(requirements, "utf8"));
  const folder = join(cacheFolder(), "venv", key);
  const ready = await cached(join(folder, "ready"), async (work) => {
    await runOrFail("python3", ["-m", "venv", "--clear", join(folder, "python")]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
    await runOrFail(join(folder, "python", "bin", "python"), pip);
    return work;
  });
  return join(ready, "..", "python", "bin", "python");
}
