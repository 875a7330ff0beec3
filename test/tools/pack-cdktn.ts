import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Progress } from "../../lib/cli/base/progress";
import { copyForCdktn } from "./cdktn-copy";
import { buildEdition, packEdition } from "./cdktn-package";
import { providerEnvironment } from "./jest-checks";

/** Packs the edition for CDK Terrain into a folder, the present one where none is named, and prints the tarball's path. */
async function main(folder = "."): Promise<void> {
  const show = (line: string) => process.stderr.write(`${line.trimEnd()}\n`);
  const copy = mkdtempSync(join(tmpdir(), "ray-cluster-cdktn-"));
  try {
    await copyForCdktn(copy, await providerEnvironment(show), new Progress(show));
    const { exitCode } = await buildEdition(show, copy);
    if (exitCode !== 0) {
      throw new Error("the edition for CDK Terrain does not compile");
    }
    process.stdout.write(`${await packEdition(copy, resolve(folder))}\n`);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
