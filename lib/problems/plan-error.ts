import type { Problem } from "./problem";
import { counted } from "./text";

/**
 * An app that cannot be built, with everything that is wrong in any of its constructs.
 *
 * @example
 * try {
 *   new App().synth();
 * } catch (error) {
 *   if (error instanceof PlanError) console.log(error.problems.map(({ rule }) => rule));
 * }
 */
export class PlanError extends Error {
  /** @param problems what is wrong; sorted here */
  constructor(problems: readonly Problem[]) {
    const sorted = sortProblems(problems);
    super([headline(sorted), ...sorted.map(problemText)].join("\n"));
    this.name = "PlanError";
    // Node prints enumerable properties below the message, which has them already.
    Object.defineProperty(this, "problems", { value: sorted, enumerable: false });
  }

  /** In the order in which they are printed. */
  declare public readonly problems: readonly Problem[];
}

/** `3 problems in 2 places; nothing was written`; a place is a property of a construct. */
function headline(problems: readonly Problem[]): string {
  const places = new Set(problems.map(({ construct, path }) => `${construct} ${path}`)).size;
  return `${counted(problems.length, "problem")} in ${counted(places, "place")}; nothing was written`;
}

/** One problem as an indented line: construct, property, rule, and the sentence of its level. */
export function problemLine(problem: Problem): string {
  const { construct, path, rule } = problem;
  const place = construct === undefined ? path : `${construct} ${path}`;
  return `  ${place} [${rule}]: ${sentence(problem)}`;
}

/** One problem as `problemLine`, and its table of choices on lines of their own. */
export function problemText(problem: Problem): string {
  const { head, rows } = problem.choices ?? { head: [], rows: [] };
  const lines = rows.length === 0 ? [] : [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  const aligned = lines.map((cells) => cells.map((cell, column) => cell.padEnd(widths[column])).join("  "));
  return [problemLine(problem), ...aligned.map((line) => `      ${line.trimEnd()}`)].join("\n");
}

function sentence({ got, must, consequence, fix, links, acknowledged }: Problem): string {
  const more = links?.length ? ` (see ${links.join(", ")})` : "";
  const advice = `${capitalized(fix)}${more}`;
  const statement = must === undefined ? `${got} ${consequence}` : `got ${got}, but must ${must}`;
  const accepted = acknowledged === undefined ? "" : ` Acknowledged: ${acknowledged}.`;
  return `${statement}. ${advice}${advice.endsWith("?") ? "" : "."}${accepted}`;
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Problems by construct in the order of the app, then by path (`pools[2]` before `pools[10]`), then by rule. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  // Made when there is something to sort: it takes 7 ms of a synth of 300 ms.
  if (problems.length < 2) {
    return problems;
  }
  const paths = new Intl.Collator("en", { numeric: true });
  const constructs = [...new Set(problems.map(({ construct }) => construct))];
  return [...problems].sort(
    (a, b) =>
      constructs.indexOf(a.construct) - constructs.indexOf(b.construct) ||
      paths.compare(a.path, b.path) ||
      paths.compare(a.rule, b.rule) ||
      paths.compare(a.got, b.got),
  );
}
