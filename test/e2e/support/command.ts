import { spawn } from "node:child_process";

export interface CommandResult {
  readonly exitCode: number;
  /** stdout and stderr as they came, without terminal colours. */
  readonly output: string;
  /** stdout alone. */
  readonly stdout: string;
  readonly seconds: number;
}

export interface CommandOptions {
  /** After this the program is ended and the call throws: nothing in these tests may hang. */
  readonly timeoutSeconds: number;
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Between the polite and the hard end of a program that is late. */
const GRACE_MS = 15_000;

/** Runs a program to its end. Throws only at the deadline; the exit code is the caller's to judge. */
export function run(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const began = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.environment ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let stdout = "";
    let late = false;
    const hard = { timer: undefined as NodeJS.Timeout | undefined };
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGTERM");
      hard.timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    }, options.timeoutSeconds * 1000);
    child.stdout.on("data", (data: Buffer) => {
      stdout += data.toString();
      output += data.toString();
    });
    child.stderr.on("data", (data: Buffer) => {
      output += data.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      clearTimeout(hard.timer);
      if (late) {
        const shown = `${program} ${args.join(" ")}`;
        reject(new Error(`not done after ${options.timeoutSeconds} s: ${shown}\n${plain(output)}`));
        return;
      }
      const seconds = (Date.now() - began) / 1000;
      resolve({ exitCode: code ?? 1, output: plain(output), stdout: plain(stdout), seconds });
    });
  });
}

/** As `run`, but an exit code other than 0 throws with everything that was printed. Returns stdout. */
export async function runOrFail(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<string> {
  const result = await run(program, args, options);
  if (result.exitCode !== 0) {
    throw new Error(`${program} ${args.join(" ")} exited with ${result.exitCode}:\n${result.output}`);
  }
  return result.stdout;
}

/** Polls until `probe` gives a value; throws with `what` and the last failure at the deadline. */
export async function eventually<T>(
  what: string,
  timeoutSeconds: number,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const began = Date.now();
  const deadline = began + timeoutSeconds * 1000;
  let last: unknown = "nothing";
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined) {
        return value;
      }
    } catch (error) {
      last = error;
    }
    if (Date.now() >= deadline) {
      throw new Error(`${what}: not within ${timeoutSeconds} s; last: ${String(last)}`);
    }
    // A probe in a container costs a fifth of a second of computing: soon at first, then once a second.
    await sleep(Math.min(1, 0.2 + (Date.now() - began) / 10_000));
  }
}

export function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

function plain(text: string): string {
  return text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
}
