import type { Command } from "commander";
import { CommandError } from "./command-error";
import { printError } from "./print";

/** Runs the command that the command line names; an error is printed and makes the exit code 1. */
export function runProgram(program: Command): void {
  program.parseAsync().catch((error: unknown) => {
    printError(`\nerror: ${error instanceof CommandError ? error.toString() : stackOf(error)}\n`);
    process.exitCode = 1;
  });
}

/** Of an unexpected error, everything there is. */
function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
