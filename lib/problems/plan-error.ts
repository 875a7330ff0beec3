import type { Problem } from "./problem";

/** A cluster that cannot be planned, with everything that is wrong with it. */
export class PlanError extends Error {
  /**
   * @param clusterName name of the cluster as declared
   * @param problems what is wrong, in the order in which it is printed
   */
  constructor(
    public readonly clusterName: string,
    public readonly problems: readonly Problem[],
  ) {
    const count = `${problems.length} problem${problems.length === 1 ? "" : "s"}`;
    super([`cannot plan cluster '${clusterName}': ${count}`, ...problems.map(problemLine)].join("\n"));
    this.name = "PlanError";
  }
}

/** One problem as a line: path, rule, what is allowed, what was got, what to do. */
export function problemLine(problem: Problem): string {
  const links = problem.links?.length ? ` (see ${problem.links.join(", ")})` : "";
  return `  - ${problem.path} [${problem.rule}]: ${problem.allowed}, got ${problem.got}; ${problem.fix}${links}`;
}

/** Problems by path (`pools[2]` before `pools[10]`), then by rule. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  // Made when there is something to sort: it takes 7 ms of a synth of 300 ms.
  if (problems.length < 2) {
    return problems;
  }
  const paths = new Intl.Collator("en", { numeric: true });
  return [...problems].sort(
    (a, b) => paths.compare(a.path, b.path) || paths.compare(a.rule, b.rule) || paths.compare(a.got, b.got),
  );
}
