import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cached, cacheFolder, inputsKey } from "../../lib/cli/base/cache-folder";
import { buildGoProgram } from "../../tools/supply/go-program";
import { Progress } from "../../lib/cli/base/progress";
import trivy from "./trivy.json";

const MAIN = join(__dirname, "trivy/main.go");

/** Path of Trivy's checks as a program, built once from the Go module proxy into the cache. */
export async function ensureTrivyChecks(progress: Progress): Promise<string> {
  const key = inputsKey(trivy.sum, readFileSync(MAIN, "utf8"));
  return cached(join(cacheFolder(), "trivy", `check-${trivy.version}-${key}`), async (work) => {
    const program = join(work, "check");
    await buildGoProgram({ ...trivy, main: MAIN }, program, work, progress);
    return program;
  });
}

/** Prints the path: Jest decides before its first test whether a block of tests can run. */
async function main(): Promise<void> {
  const progress = new Progress((line) => process.stderr.write(`${line}\n`));
  process.stdout.write(await ensureTrivyChecks(progress));
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
