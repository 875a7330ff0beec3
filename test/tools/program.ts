import { join, resolve } from "node:path";
import { type Outcome, run, type RunOptions } from "../../lib/cli/base/process";

export const ROOT = resolve(__dirname, "../..");

/** Runs a program in the repository and prints what it prints, as it comes. */
export function runShown(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return run(program, args, {
    cwd: ROOT,
    ...options,
    environment: { ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}), ...options.environment },
    onLine: (line) => process.stdout.write(`${line}\n`),
  });
}

/** Runs the program of an installed package. */
export function runPackage(name: string, ...args: readonly string[]): Promise<Outcome> {
  return runShown(join(ROOT, "node_modules", ".bin", name), args);
}
