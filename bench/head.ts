import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { developmentPython } from "../test/tools/development-python";
import type { Comparison } from "./measure";

const LOAD = join(__dirname, "python", "report_load.py");
const INTERVAL_SECONDS = 2;
const MEASURED_SECONDS = 20;

/** How many nodes report, and what of a core the head may take for them. */
const LOADS = [
  { nodes: 256, percent: 10 },
  { nodes: 1024, percent: 40 },
];

interface Load {
  readonly percent: number;
  readonly failed: number;
  readonly isServing: number;
}

/** The real head with stand-ins for Ray and the engine, and nodes that report as workers do. */
export async function head(runs: number): Promise<Comparison[]> {
  const python = process.env.BENCH_PYTHON ?? (await developmentPython());
  const comparisons: Comparison[] = [];
  for (const { nodes, percent } of LOADS) {
    const ours: number[] = [];
    for (let run = 0; run < runs; run++) {
      ours.push(await load(python, nodes));
    }
    const what = `head, ${nodes} nodes that report every ${INTERVAL_SECONDS} s, of a core`;
    comparisons.push({ what, unit: "%", ours, floor: [percent], target: 1 });
  }
  return comparisons;
}

async function load(python: string, nodes: number): Promise<number> {
  const args = [nodes, INTERVAL_SECONDS, MEASURED_SECONDS].map(String);
  const { stdout } = await promisify(execFile)(python, [LOAD, ...args]);
  const found = JSON.parse(stdout) as Load;
  if (found.failed > 0 || found.isServing !== 1) {
    throw new Error(`${nodes} nodes: ${stdout.trim()}`);
  }
  return found.percent;
}
