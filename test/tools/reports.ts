import type { Counts } from "./check";

/** Counts of Jest's `--json` report. A file that could not even be loaded is one failure. */
export function jestCounts(report: string): Counts {
  const json = JSON.parse(report) as {
    readonly numPassedTests: number;
    readonly numFailedTests: number;
    readonly numPendingTests: number;
    readonly numTodoTests: number;
    readonly numRuntimeErrorTestSuites: number;
  };
  return {
    passed: json.numPassedTests,
    failed: json.numFailedTests + json.numRuntimeErrorTestSuites,
    skipped: json.numPendingTests + json.numTodoTests,
  };
}

/** Counts of a JUnit report as pytest writes it, from the attributes of its first suite. */
export function junitCounts(report: string): Counts {
  const suite = /<testsuite\b[^>]*>/.exec(report)?.[0] ?? "";
  const number = (name: string): number =>
    Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? Number.NaN);
  const [tests, skipped, failures, errors] = ["tests", "skipped", "failures", "errors"].map(number);
  const failed = failures + errors;
  return tests > 0
    ? { passed: tests - failed - skipped, failed, skipped }
    : { passed: 0, failed: 1, skipped: 0 };
}

/** Counts of a TAP report: `ok 1 name`, `not ok 2 name`, `ok 3 name # skip reason`. */
export function tapCounts(output: string): Counts {
  const lines = output.split("\n");
  const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
  const skipped = count(/^ok \d+ .*# skip/i);
  const planned = Number(/^1\.\.(\d+)/m.exec(output)?.[1] ?? 0);
  const passed = count(/^ok \d+/) - skipped;
  // What was planned and never reported broke off.
  return { passed, failed: Math.max(planned - passed - skipped, planned === 0 ? 1 : 0), skipped };
}
