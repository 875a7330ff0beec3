import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One run of a program. */
export interface Sample {
  readonly seconds: number;
  /** Of all its threads, in seconds; `undefined` where the program does not say. */
  readonly processorSeconds?: number;
  /** Peak resident memory; `undefined` where the program does not say. */
  readonly peakMiB?: number;
}

/** Ours and its floor, measured in turns. */
export interface Comparison {
  readonly what: string;
  /** Empty: a number of things. */
  readonly unit: "s" | "MiB" | "B" | "%" | "";
  readonly ours: readonly number[];
  readonly floor: readonly number[];
  /** Largest ratio of the medians that is on target. */
  readonly target: number;
}

const USAGE = join(__dirname, "usage.cjs");

/** Runs `node <args>` to its end. Throws unless it exits with 0. */
export async function node(args: readonly string[], cwd: string, environment = process.env): Promise<Sample> {
  const usageFile = join(tmpdir(), `ray-cluster-bench-${process.pid}.json`);
  const env = { ...environment, CHECKPOINT_DISABLE: "1", BENCH_USAGE_FILE: usageFile };
  const seconds = await timed(process.execPath, ["-r", USAGE, ...args], cwd, env);
  const { maxRSS, processorSeconds } = JSON.parse(readFileSync(usageFile, "utf8")) as {
    readonly maxRSS: number;
    readonly processorSeconds: number;
  };
  rmSync(usageFile);
  return { seconds, processorSeconds, peakMiB: maxRSS / 1024 };
}

/** Wall time of a program in seconds. Throws unless it exits with 0. */
export function timed(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
    let errors = "";
    child.stderr.on("data", (data: Buffer) => {
      errors += data.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) {
        resolve((performance.now() - began) / 1000);
      } else {
        reject(new Error(`${program} ${args.join(" ")} ended with ${code}:\n${errors}`));
      }
    });
  });
}

/** Time, processor time and peak memory of programs that say them. */
export function usageOf(
  name: string,
  samples: { readonly ours: readonly Sample[]; readonly floor: readonly Sample[] },
): Comparison[] {
  const of = (value: "seconds" | "processorSeconds" | "peakMiB") => ({
    ours: samples.ours.map((sample) => sample[value] ?? NaN),
    floor: samples.floor.map((sample) => sample[value] ?? NaN),
  });
  return [
    { what: `${name}, time`, unit: "s", ...of("seconds"), target: 1.5 },
    { what: `${name}, processor time`, unit: "s", ...of("processorSeconds"), target: 1.5 },
    { what: `${name}, peak memory`, unit: "MiB", ...of("peakMiB"), target: 1.3 },
  ];
}

/** Runs both in turns, so that what else the machine does falls on both alike. The first turn is not counted. */
export async function inTurns<T>(
  runs: number,
  ours: () => Promise<T>,
  floor: () => Promise<T>,
): Promise<{ ours: T[]; floor: T[] }> {
  const samples = { ours: [] as T[], floor: [] as T[] };
  for (let turn = 0; turn <= runs; turn += 1) {
    const pair = [await ours(), await floor()];
    if (turn > 0) {
      samples.ours.push(pair[0]);
      samples.floor.push(pair[1]);
    }
  }
  return samples;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
