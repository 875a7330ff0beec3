import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Comparison, inTurns, node, timed, usageOf } from "./measure";

const ROOT = join(__dirname, "..");
const APP = join(__dirname, "local-app.cjs");
const CLI = join(ROOT, "node_modules", ".bin", "cdktf");

/** Two stacks against `node` that only requires what the app cannot do without. */
export async function synth(runs: number): Promise<Comparison[]> {
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-bench-"));
  try {
    const floor = join(folder, "floor.cjs");
    writeFileSync(floor, await requiresOf(folder));
    const samples = await inTurns(
      runs,
      () => node([APP], folder),
      () => node([floor], folder),
    );
    return usageOf("synth", samples);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `cdktf synth` of this app against the CLI's own cost: an app with one stack and nothing in it. */
export async function cdktfSynth(runs: number): Promise<Comparison[]> {
  const ours = project(`node ${APP}`);
  const empty = project("node main.cjs");
  writeFileSync(join(empty, "main.cjs"), EMPTY_APP);
  const env = { ...process.env, CHECKPOINT_DISABLE: "1", NODE_PATH: join(ROOT, "node_modules") };
  try {
    const samples = await inTurns(
      runs,
      () => timed(CLI, ["synth"], ours, env),
      () => timed(CLI, ["synth"], empty, env),
    );
    return [{ what: "cdktf synth", unit: "s", ...samples, target: 1.2 }];
  } finally {
    rmSync(ours, { recursive: true });
    rmSync(empty, { recursive: true });
  }
}

const EMPTY_APP = readFileSync(join(__dirname, "floor/empty-app.cjs"), "utf8");

function project(app: string): string {
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-bench-"));
  const settings = {
    language: "typescript",
    app,
    projectId: "bench",
    sendCrashReports: "false",
  };
  writeFileSync(join(folder, "cdktf.json"), JSON.stringify(settings));
  return folder;
}

/** A program that requires `cdktf` and exactly the provider files that the app has loaded at its end. */
async function requiresOf(folder: string): Promise<string> {
  const usage = join(folder, "usage.json");
  mkdirSync(join(folder, "first"));
  await timed(process.execPath, ["-r", join(__dirname, "usage.cjs"), APP], join(folder, "first"), {
    ...process.env,
    BENCH_USAGE_FILE: usage,
  });
  const { loaded } = JSON.parse(readFileSync(usage, "utf8")) as { loaded: string[] };
  const modules = [join(ROOT, "node_modules", "cdktf"), ...loaded];
  return modules.map((module) => `require(${JSON.stringify(module)});\n`).join("");
}
