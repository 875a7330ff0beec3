import { parseArgs } from "node:util";
import { table } from "../../lib/cli/base/table";
import { type Check, type Counts, Missing, type Show, single } from "./check";
import { apiPages, cdktn, jsii } from "./edition-checks";
import {
  endToEndTests,
  lateEndToEndTests,
  lonelyEndToEndTests,
  terraformTests,
  unitTests,
} from "./jest-checks";
import { runPackage, runShown } from "./program";
import { attacks, imports, mypy, pythonTests, ruff } from "./python-checks";
import { bats, shellcheck } from "./shell-checks";

/** In the order in which they begin: what fails fast and often comes first. */
const CHECKS: readonly Check[] = [
  command("build", "compile to dist/", (show) => runShown(show, "npm", ["run", "--silent", "build"])),
  command("eslint", "ESLint, every TypeScript file", (show) => runPackage(show, "eslint", ".")),
  command("prettier", "Prettier, every file", (show) =>
    runPackage(show, "prettier", "--check", "--log-level", "warn", "."),
  ),
  command("types", "tsc, tests included", (show) => runPackage(show, "tsc", "--noEmit")),
  apiPages,
  jsii,
  cdktn,
  unitTests,
  ruff,
  mypy,
  imports,
  shellcheck,
  bats,
  terraformTests,
  pythonTests,
  attacks,
  lateEndToEndTests,
  endToEndTests,
  lonelyEndToEndTests,
];

/** What the others run: it comes first, alone. */
const FIRST: readonly string[] = ["build"];

/** Takes longer than all others together and mostly waits for clusters, so the others run beside it, one by one. */
const BESIDE: readonly string[] = [endToEndTests.name];

/** What wants the machine for itself. */
const LAST: readonly string[] = [lonelyEndToEndTests.name];

interface Result {
  readonly check: Check;
  readonly counts: Counts;
  readonly seconds: number;
  readonly note: string;
}

function command(
  name: string,
  title: string,
  start: (show: Show) => Promise<{ readonly exitCode?: number }>,
): Check {
  return { name, title, run: async (show) => single((await start(show)).exitCode === 0) };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(helpText());
    return;
  }
  const checks = selected(values.only);
  const among = (names: readonly string[]) => checks.filter(({ name }) => names.includes(name));
  const others = checks.filter(({ name }) => ![...FIRST, ...BESIDE, ...LAST].includes(name));
  const results = await inARow(among(FIRST), false);
  const lanes = [among(BESIDE), others].filter((lane) => lane.length > 0);
  results.push(...(await Promise.all(lanes.map((lane) => inARow(lane, lanes.length > 1)))).flat());
  results.push(...(await inARow(among(LAST), false)));
  results.sort((one, other) => checks.indexOf(one.check) - checks.indexOf(other.check));
  process.exitCode = report(results) ? 0 : 1;
}

async function inARow(checks: readonly Check[], areOthersBeside: boolean): Promise<Result[]> {
  const results: Result[] = [];
  for (const check of checks) {
    results.push(await result(check, areOthersBeside));
  }
  return results;
}

function selected(only: string | undefined): readonly Check[] {
  const names = only?.split(",");
  const unknown = names?.filter((name) => !CHECKS.some((check) => check.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`no check is named ${unknown.join(", ")}\n${helpText()}`);
  }
  return CHECKS.filter((check) => names?.includes(check.name) ?? true);
}

/** @param areOthersBeside each line says whose it is */
async function result(check: Check, areOthersBeside: boolean): Promise<Result> {
  const prefix = areOthersBeside ? `${check.name.padEnd(NAME_WIDTH)} | ` : "";
  const show: Show = (line) => {
    process.stdout.write((prefix + line).trimEnd() + "\n");
  };
  show("");
  show(`== ${check.name}: ${check.title}`);
  const startedAt = Date.now();
  const { counts, note } = await outcomeOf(check, show);
  return { check, counts, note, seconds: (Date.now() - startedAt) / 1000 };
}

const NAME_WIDTH = Math.max(...CHECKS.map(({ name }) => name.length));

async function outcomeOf(check: Check, show: Show): Promise<{ counts: Counts; note: string }> {
  try {
    const counts = await check.run(show);
    return { counts, note: counts.skipped > 0 ? `skipped: ${counts.skipped} cases, see above` : "" };
  } catch (error) {
    const isMissing = error instanceof Missing;
    const note = isMissing ? `skipped: ${error.message}` : String(error);
    note.split("\n").forEach((line) => show(line));
    return { counts: { passed: 0, failed: isMissing ? 0 : 1, skipped: isMissing ? 1 : 0 }, note };
  }
}

/** Prints the table and the last line; whether all is well. */
function report(results: readonly Result[]): boolean {
  // In CI nothing may be skipped: there a skip is a failure.
  const failedOf = ({ counts }: Result): number =>
    counts.failed + (process.env.CI === "true" ? counts.skipped : 0);
  const rows = results.map((one) => [
    one.check.name,
    String(one.counts.passed),
    String(failedOf(one)),
    one.seconds.toFixed(1),
    one.note.split("\n")[0] ?? "",
  ]);
  const passed = results.reduce((total, one) => total + one.counts.passed, 0);
  const failed = results.reduce((total, one) => total + failedOf(one), 0);
  for (const { check, counts } of results) {
    for (const failure of counts.failures ?? []) {
      process.stdout.write(`\nFAILED ${check.name}  ${failure}\n`);
    }
  }
  process.stdout.write(`\n${table([["CHECK", "PASSED", "FAILED", "SECONDS", "NOTE"], ...rows])}\n\n`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0;
}

function helpText(): string {
  const rows = CHECKS.map((check) => [`  ${check.name}`, check.title]);
  return `npm test [-- --only <check>,<check>]\n\nChecks, in this order; e2e runs beside the others, e2e-alone after them:\n${table(rows)}\n`;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
