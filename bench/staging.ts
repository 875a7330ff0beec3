import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { developmentPython } from "../test/tools/development-python";
import { type Comparison, inTurns, timed } from "./measure";

const REPOSITORY = "maker/model";
const REVISION = "0123456789abcdef0123456789abcdef01234567";
const HUB = join(__dirname, "..", "test", "e2e", "python", "model_hub.py");
const OURS = join(__dirname, "python", "stage.py");
const FLOOR = join(__dirname, "floor", "copy.py");

/** One large file, and many small ones. */
const MODELS = [
  { title: "1 file of 1 GiB", weights: 1, bytes: 2 ** 30, target: 3 },
  { title: "400 files of 64 KiB", weights: 400, bytes: 2 ** 16, target: 3 },
];

/** From the start of the process until the model is on the disk, checked; and what the hub has sent for it. */
export async function staging(runs: number): Promise<Comparison[]> {
  const python = process.env.BENCH_PYTHON ?? (await developmentPython());
  const comparisons: Comparison[] = [];
  for (const { title, weights, bytes, target } of MODELS) {
    const hub = await Hub.start(python, weights, bytes);
    const sent: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
    const copy = async (program: string, counts: number[]): Promise<number> => {
      const folder = mkdtempSync(join(tmpdir(), "ray-cluster-bench-"));
      await hub.reset();
      const seconds = await timed(
        python,
        [program, hub.url, REPOSITORY, REVISION, join(folder, "model")],
        folder,
      );
      counts.push(await hub.sentBytes());
      rmSync(folder, { recursive: true });
      return seconds;
    };
    try {
      const samples = await inTurns(
        runs,
        () => copy(OURS, sent.ours),
        () => copy(FLOOR, sent.floor),
      );
      comparisons.push({ what: `staging, ${title}`, unit: "s", ...samples, target });
    } finally {
      hub.stop();
    }
    comparisons.push({ what: `staging, ${title}, sent by the hub`, unit: "B", ...sent, target: 1 });
  }
  return comparisons;
}

class Hub {
  public static async start(python: string, weights: number, bytes: number): Promise<Hub> {
    const args = ["--address", "127.0.0.1", "--repository", REPOSITORY, "--revision", REVISION];
    const size = ["--weights", String(weights), "--weight-bytes", String(bytes)];
    const child = spawn(python, [HUB, ...args, ...size], { stdio: ["pipe", "pipe", "inherit"] });
    const first = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`the hub ended with code ${code}`)));
    });
    const { url, control } = JSON.parse(first) as { url: string; control: string };
    return new Hub(child, url, control);
  }

  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    public readonly url: string,
    private readonly control: string,
  ) {}

  public async reset(): Promise<void> {
    const body = JSON.stringify({ gated: false, tokens: [], members: [], bytesPerSecond: {} });
    await fetch(this.control, { method: "POST", body });
  }

  public async sentBytes(): Promise<number> {
    const { sent } = (await (await fetch(this.control)).json()) as { sent: { [file: string]: number } };
    return Object.values(sent).reduce((sum, bytes) => sum + bytes, 0);
  }

  public stop(): void {
    this.child.stdin.end();
  }
}
