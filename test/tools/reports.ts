import { basename } from "node:path";
import { stripVTControlCharacters } from "node:util";
import type { Counts } from "./check";

/** Counts of Jest's `--json` report. A file that could not even be loaded is one failure. */
export function jestCounts(report: string): Counts {
  const json = JSON.parse(report) as {
    readonly numPassedTests: number;
    readonly numFailedTests: number;
    readonly numPendingTests: number;
    readonly numTodoTests: number;
    readonly numRuntimeErrorTestSuites: number;
    readonly testResults?: readonly JestFile[];
  };
  return {
    passed: json.numPassedTests,
    failed: json.numFailedTests + json.numRuntimeErrorTestSuites,
    skipped: json.numPendingTests + json.numTodoTests,
    failures: (json.testResults ?? []).flatMap(jestFailures),
  };
}

interface JestFile {
  readonly name: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages: readonly string[];
  }[];
}

function jestFailures({ name, message, assertionResults }: JestFile): readonly string[] {
  const file = basename(name, ".test.ts");
  const failed = assertionResults.filter(({ status }) => status === "failed");
  if (failed.length === 0 && assertionResults.length === 0) {
    return [failure(file, "does not load", message)];
  }
  return failed.map(({ fullName, failureMessages }) => failure(file, fullName, failureMessages.join("\n")));
}

/** Lines of a message that stand behind a failure's name. */
const MESSAGE_LINES = 12;

function failure(place: string, name: string, message: string): string {
  const lines = stripVTControlCharacters(message)
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !/^\s+at /.test(line));
  const more = lines.length > MESSAGE_LINES ? ["…"] : [];
  return [
    `${place}: ${name}`,
    ...[...lines.slice(0, MESSAGE_LINES), ...more].map((line) => `    ${line}`),
  ].join("\n");
}

/** Counts of a JUnit report as pytest writes it, from the attributes of its first suite. */
export function junitCounts(report: string): Counts {
  const suite = /<testsuite\b[^>]*>/.exec(report)?.[0] ?? "";
  const number = (name: string): number =>
    Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? Number.NaN);
  const [tests, skipped, failures, errors] = ["tests", "skipped", "failures", "errors"].map(number);
  const failed = failures + errors;
  return tests > 0
    ? { passed: tests - failed - skipped, failed, skipped, failures: junitFailures(report) }
    : { passed: 0, failed: 1, skipped: 0 };
}

function junitFailures(report: string): readonly string[] {
  const cases = report.matchAll(
    /<testcase classname="([^"]*)" name="([^"]*)"[^>]*?(?<!\/)><(?:failure|error) message="([^"]*)"/g,
  );
  return [...cases].map(([, place = "", name = "", message = ""]) =>
    failure(place, unescaped(name), unescaped(message)),
  );
}

function unescaped(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(parseInt(code, 16)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

/** Counts of a TAP report: `ok 1 name`, `not ok 2 name`, `ok 3 name # skip reason`. */
export function tapCounts(output: string): Counts {
  const lines = output.split("\n");
  const count = (pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;
  const skipped = count(/^ok \d+ .*# skip/i);
  const planned = Number(/^1\.\.(\d+)/m.exec(output)?.[1] ?? 0);
  const passed = count(/^ok \d+/) - skipped;
  // What was planned and never reported broke off.
  const failed = Math.max(planned - passed - skipped, planned === 0 ? 1 : 0);
  return { passed, failed, skipped, failures: tapFailures(lines) };
}

function tapFailures(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line, index) => {
    const name = /^not ok \d+ (.*)$/.exec(line)?.[1];
    if (name === undefined) {
      return [];
    }
    const rest = lines.slice(index + 1);
    const end = rest.findIndex((one) => !one.startsWith("#"));
    const said = rest.slice(0, end === -1 ? undefined : end).map((one) => one.replace(/^# ?/, ""));
    return [failure("bats", name, said.join("\n"))];
  });
}
