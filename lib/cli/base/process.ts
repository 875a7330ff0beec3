import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { CommandError } from "./command-error";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment; `undefined` removes a variable. */
  readonly environment?: { readonly [name: string]: string | undefined };
  /**
   * The program is stopped after this long.
   *
   * @default - no limit
   */
  readonly timeoutSeconds?: number;
  /**
   * Standard input.
   *
   * @default - empty
   */
  readonly input?: string;
  /** Standard input stays open and empty as long as the program runs, for one that ends with it. */
  readonly keepsInputOpen?: boolean;
  /** Is given every line of both outputs as it comes. */
  readonly onLine?: (line: string) => void;
  /**
   * The outcome has only so many of the last lines of each output, because what runs without end would fill the memory.
   *
   * @default - all
   */
  readonly keptLines?: number;
  /**
   * The program is stopped when an output has more bytes than this; with `keptLines`, when a line has.
   *
   * @default - no limit
   */
  readonly maximumBytes?: number;
  /** Stops the program early. */
  readonly signal?: AbortSignal;
}

/** How a program ended. */
export interface Outcome {
  /** 0: all is well; `undefined`: it did not start, or a signal ended it. */
  readonly exitCode: number | undefined;
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** No such program in PATH. */
  readonly missing: boolean;
  readonly timedOut: boolean;
  /** It was stopped because it printed more than `maximumBytes`. */
  readonly overflowed: boolean;
}

const KILL_AFTER_MILLISECONDS = 5_000;

/**
 * Runs a program without a shell. A program that fails, is missing or
 * takes too long is an outcome like any other: the caller knows what it means.
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.environment },
      stdio: "pipe",
    });
    // A program that ends before it has read everything is judged by its exit code.
    child.stdin.on("error", () => undefined);
    if (options.keepsInputOpen !== true) {
      child.stdin.end(options.input);
    }
    let timedOut = false;
    let overflowed = false;
    const stop = (): void => {
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MILLISECONDS).unref();
    };
    const overflow = (): void => {
      overflowed = true;
      stop();
    };
    const stdout = collect(child.stdout, options, overflow);
    const stderr = collect(child.stderr, options, overflow);
    const limit =
      options.timeoutSeconds === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            stop();
          }, options.timeoutSeconds * 1000);
    options.signal?.addEventListener("abort", stop, { once: true });
    const ended = (how: Pick<Outcome, "exitCode" | "signal" | "missing">): void => {
      clearTimeout(limit);
      options.signal?.removeEventListener("abort", stop);
      resolve({ ...how, stdout: stdout.join("\n"), stderr: stderr.join("\n"), timedOut, overflowed });
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") {
        ended({ exitCode: undefined, signal: undefined, missing: true });
      } else {
        reject(error);
      }
    });
    child.on("close", (code, signal) => {
      ended({ exitCode: code ?? undefined, signal: signal ?? undefined, missing: false });
    });
  });
}

/**
 * Runs a program on the user's own terminal, or on what this program was given in its place.
 *
 * @returns its exit code; of one that a signal ended, 128 and the signal's number, as a shell has it
 * @throws CommandError if it is not installed
 */
export function attach(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", env: process.env });
    // The terminal sends Ctrl-C to both; the program decides what it means.
    const interrupt = (): void => {
      if (!process.stdin.isTTY) {
        child.kill("SIGINT");
      }
    };
    const terminate = (): void => {
      child.kill("SIGTERM");
    };
    const over = (): void => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", terminate);
    };
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", terminate);
    child.on("error", (error: NodeJS.ErrnoException) => {
      over();
      reject(error.code === "ENOENT" ? new CommandError(`${program} is not installed`) : error);
    });
    child.on("close", (code, signal) => {
      over();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/**
 * Runs a program that must succeed and returns its standard output.
 *
 * @throws CommandError with the end of what the program printed
 */
export async function runOrFail(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const outcome = await run(program, args, options);
  if (outcome.exitCode !== 0) {
    throw new CommandError(`${[program, ...args.slice(0, 2)].join(" ")} ${howItEnded(outcome, options)}`);
  }
  return outcome.stdout;
}

/** `failed (exit code 1):` and the end of what it printed. */
export function howItEnded(outcome: Outcome, options: RunOptions = {}): string {
  if (outcome.missing) {
    return "is not installed";
  }
  const reason = outcome.timedOut
    ? `took longer than ${options.timeoutSeconds} s`
    : outcome.overflowed
      ? `printed more than ${options.maximumBytes} bytes`
      : `failed (${outcome.signal ?? `exit code ${outcome.exitCode}`})`;
  const last = lastLines(`${outcome.stdout}\n${outcome.stderr}`, 20);
  return last === "" ? reason : `${reason}:\n${last}`;
}

/** The last lines of a text that hold anything, indented. */
export function lastLines(text: string, count: number): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines
    .slice(-count)
    .map((line) => `    ${line}`)
    .join("\n");
}

function collect(
  stream: Readable,
  { onLine, keptLines = Infinity, maximumBytes = Infinity }: RunOptions,
  overflow: () => void,
): string[] {
  const lines: string[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes = keptLines < Infinity && chunk.includes("\n") ? 0 : bytes + chunk.length;
    if (bytes > maximumBytes) {
      overflow();
      // Whoever goes on printing until it is killed finds nobody who reads.
      stream.destroy();
    }
  });
  createInterface({ input: stream }).on("line", (line) => {
    lines.push(line);
    if (lines.length > keptLines) {
      lines.shift();
    }
    onLine?.(line);
  });
  return lines;
}
