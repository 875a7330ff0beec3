import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../../lib/cli/base/command-error";
import { ensureGo } from "./go-toolchain";
import { runOrFail } from "../../lib/cli/base/process";
import type { Progress } from "../../lib/cli/base/progress";

/** A program that is built from the Go module proxy. */
export interface GoProgram {
  readonly path: string;
  /** Version of the module, as the proxy knows it. */
  readonly version: string;
  /** Checksum of the module's content, `h1:...`. */
  readonly sum: string;
  /** Folder of the main package in the module, `.` or `./cmd/...`. */
  readonly package: string;
  /** File of this project that is put into that folder: a program around a module that has none. */
  readonly main?: string;
}

/**
 * Builds a Go program to `output`. Not by `go install`, which refuses modules whose `go.mod` declares
 * another path or replaces a dependency: the source is downloaded, checked, copied and built.
 */
export async function buildGoProgram(
  program: GoProgram,
  output: string,
  workFolder: string,
  progress: Progress,
): Promise<void> {
  const go = await ensureGo(progress);
  const source = join(workFolder, "source");
  const environment = { GOTOOLCHAIN: "auto", GOROOT: undefined, CGO_ENABLED: "0" };
  mkdirSync(source);
  await progress.step(`fetching the source of ${program.path} ${program.version}`, async () => {
    const module = `${program.path}@${program.version}`;
    const answer = await runOrFail(go, ["mod", "download", "-json", module], { cwd: source, environment });
    const { Dir: folder, Sum: sum } = JSON.parse(answer) as { Dir: string; Sum: string };
    if (sum !== program.sum) {
      throw new CommandError(`${module} has the checksum ${sum}, expected ${program.sum}`);
    }
    // The module cache is read-only.
    await runOrFail("cp", ["-R", `${folder}/.`, source]);
    await runOrFail("chmod", ["-R", "u+w", source]);
    if (program.main !== undefined) {
      cpSync(program.main, join(source, program.package, "main.go"));
    }
  });
  await progress.step(
    `building ${program.path} with Go; this happens once`,
    () =>
      runOrFail(go, ["build", "-trimpath", "-buildvcs=false", "-o", output, program.package], {
        cwd: source,
        environment,
      }),
    "2 to 5 min",
  );
}
