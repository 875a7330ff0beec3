import { parseArgs } from "node:util";
import { table } from "../lib/cli/base/table";
import { app } from "./app";
import { aws } from "./aws";
import { formed } from "./formed";
import { head } from "./head";
import { type Comparison, median } from "./measure";
import { rollout } from "./rollout";
import { staging } from "./staging";
import { cdktfSynth, synth } from "./synth";

const BENCHES: {
  readonly [name: string]: { readonly runs: number; run(runs: number): Promise<Comparison[]> };
} = {
  app: { runs: 9, run: app },
  synth: { runs: 15, run: synth },
  "cdktf-synth": { runs: 5, run: cdktfSynth },
  aws: { runs: 9, run: aws },
  formed: { runs: 5, run: formed },
  rollout: { runs: 5, run: rollout },
  staging: { runs: 5, run: staging },
  head: { runs: 3, run: head },
};

const HELP = `npm run bench [-- --only <bench>,<bench>] [-- --runs <n>]

Benches: ${Object.keys(BENCHES).join(", ")}. Each prints medians, the ratio against its floor, and the target.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: "string" }, runs: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const names = values.only?.split(",") ?? Object.keys(BENCHES);
  const rows = [["BENCH", "OURS", "FLOOR", "RATIO", "TARGET", "RUNS"]];
  for (const name of names) {
    const bench = BENCHES[name];
    if (bench === undefined) {
      throw new Error(`no bench is named '${name}'\n${HELP}`);
    }
    process.stderr.write(`measuring ${name} ...\n`);
    const runs = values.runs === undefined ? bench.runs : Number(values.runs);
    rows.push(...(await bench.run(runs)).map(rowOf));
  }
  process.stdout.write(`\n${table(rows)}\n`);
}

function rowOf({ what, unit, ours, floor, target }: Comparison): string[] {
  const [a, b] = [median(ours), median(floor)];
  const digits = unit === "s" ? 2 : unit === "%" ? 1 : 0;
  return [
    what,
    `${a.toFixed(digits)} ${unit}`.trimEnd(),
    `${b.toFixed(digits)} ${unit}`.trimEnd(),
    (a / b).toFixed(2),
    `<= ${target}`,
    String(ours.length),
  ];
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
