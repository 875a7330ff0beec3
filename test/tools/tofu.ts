import { join } from "node:path";
import { cached, cacheFolder, inputsKey } from "../../lib/cli/base/cache-folder";
import { buildGoProgram } from "../../tools/supply/go-program";
import { run } from "../../lib/cli/base/process";
import type { Progress } from "../../lib/cli/base/progress";
import module from "./opentofu.json";

/**
 * Path of an OpenTofu for the tests: the one in PATH, else one that is built once from the Go module
 * proxy into the cache.
 */
export async function ensureTofu(progress: Progress): Promise<string> {
  if ((await run("tofu", ["version"])).exitCode === 0) {
    return "tofu";
  }
  const folder = join(cacheFolder(), "opentofu");
  return cached(join(folder, `tofu-${module.version}-${inputsKey(module.sum)}`), async (work) => {
    const program = join(work, "tofu");
    await buildGoProgram(module, program, work, progress);
    return program;
  });
}
