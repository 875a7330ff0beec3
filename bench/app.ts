import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Comparison, inTurns, node, timed, usageOf } from "./measure";

const ROOT = join(__dirname, "..");
const APP = join(ROOT, "dist/main.js");
const RAW = join(__dirname, "floor/raw-app.cjs");

/** The whole app with all its stacks against one that makes the same resources from plain data. */
export async function app(runs: number): Promise<Comparison[]> {
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-bench-"));
  const { context } = JSON.parse(readFileSync(join(ROOT, "cdktf.json"), "utf8")) as {
    readonly context: object;
  };
  const ofRun = (name: string) => ({
    ...process.env,
    CDKTF_CONTEXT_JSON: JSON.stringify(context),
    CDKTF_OUTDIR: join(folder, name),
  });
  try {
    const usage = join(folder, "usage.json");
    await timed(process.execPath, ["-r", join(__dirname, "usage.cjs"), APP], ROOT, {
      ...ofRun("first"),
      BENCH_USAGE_FILE: usage,
    });
    mkdirSync(join(folder, "raw"));
    const samples = await inTurns(
      runs,
      () => node([APP], ROOT, ofRun("ours")),
      () => node([RAW, join(folder, "first"), usage], ROOT, ofRun("raw")),
    );
    return usageOf("app", samples);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
