import { parseArgs } from "node:util";
import { table } from "../../lib/cli/base/table";
import { type Check, type Counts, Missing, single } from "./check";
import { endToEndTests, terraformTests, unitTests } from "./jest-checks";
import { runPackage, runShown } from "./program";
import { imports, mypy, pythonTests, ruff } from "./python-checks";
import { bats, shellcheck } from "./shell-checks";

/** In the order in which they begin: what fails fast and often comes first. */
const CHECKS: readonly Check[] = [
  command("build", "compile to dist/", () => runShown("npm", ["run", "--silent", "build"])),
  command("eslint", "ESLint, every TypeScript file", () => runPackage("eslint", ".")),
  command("prettier", "Prettier, every file", () =>
    runPackage("prettier", "--check", "--log-level", "warn", "."),
  ),
  command("types", "tsc, tests included", () => runPackage("tsc", "--noEmit")),
  unitTests,
  ruff,
  mypy,
  imports,
  shellcheck,
  bats,
  terraformTests,
  pythonTests,
  endToEndTests,
];

/** These mostly wait, for deadlines and for clusters: they run side by side, after all others. */
const TOGETHER: readonly Check[] = [pythonTests, endToEndTests];

interface Result {
  readonly check: Check;
  readonly counts: Counts;
  readonly seconds: number;
  readonly note: string;
}

function command(name: string, title: string, start: () => Promise<{ readonly exitCode?: number }>): Check {
  return { name, title, run: async () => single((await start()).exitCode === 0) };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(helpText());
    return;
  }
  const results: Result[] = [];
  const checks = selected(values.only);
  for (const check of checks.filter((one) => !TOGETHER.includes(one))) {
    results.push(await result(check));
  }
  results.push(...(await Promise.all(checks.filter((one) => TOGETHER.includes(one)).map(result))));
  process.exitCode = report(results) ? 0 : 1;
}

function selected(only: string | undefined): readonly Check[] {
  const names = only?.split(",");
  const unknown = names?.filter((name) => !CHECKS.some((check) => check.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`no check is named ${unknown.join(", ")}\n${helpText()}`);
  }
  return CHECKS.filter((check) => names?.includes(check.name) ?? true);
}

async function result(check: Check): Promise<Result> {
  process.stdout.write(`\n== ${check.name}: ${check.title}\n`);
  const startedAt = Date.now();
  const { counts, note } = await outcomeOf(check);
  return { check, counts, note, seconds: (Date.now() - startedAt) / 1000 };
}

async function outcomeOf(check: Check): Promise<{ counts: Counts; note: string }> {
  try {
    const counts = await check.run();
    return { counts, note: counts.skipped > 0 ? `skipped: ${counts.skipped} cases, see above` : "" };
  } catch (error) {
    const isMissing = error instanceof Missing;
    const note = isMissing ? `skipped: ${error.message}` : String(error);
    process.stdout.write(`${note}\n`);
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
  process.stdout.write(`\n${table([["CHECK", "PASSED", "FAILED", "SECONDS", "NOTE"], ...rows])}\n\n`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0;
}

function helpText(): string {
  const rows = CHECKS.map((check) => [`  ${check.name}`, check.title]);
  return `npm test [-- --only <check>,<check>]\n\nChecks, in this order:\n${table(rows)}\n`;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
