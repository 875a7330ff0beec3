import { join, resolve } from "node:path";
import { type Outcome, run, type RunOptions } from "../../lib/cli/base/process";
import type { Show } from "./check";

export const ROOT = resolve(__dirname, "../..");

/** Runs a program in the repository and shows what it prints, as it comes. */
export function runShown(
  show: Show,
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return run(program, args, {
    cwd: ROOT,
    ...options,
    environment: { ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}), ...options.environment },
    onLine: show,
  });
}

/** Runs the program of an installed package. */
export function runPackage(show: Show, name: string, ...args: readonly string[]): Promise<Outcome> {
  return runShown(show, join(ROOT, "node_modules", ".bin", name), args);
}
