import { problemLine, sortProblems } from "../problems/plan-error";
import type { Problem } from "../problems/problem";

/** A part of the place that cannot work, with everything that is wrong with it. */
export class AwsPlanError extends Error {
  public constructor(
    what: string,
    public readonly problems: readonly Problem[],
  ) {
    const count = `${problems.length} problem${problems.length === 1 ? "" : "s"}`;
    super([`cannot plan ${what}: ${count}`, ...problems.map(problemLine)].join("\n"));
    this.name = "AwsPlanError";
  }
}

/**
 * @param what the construct as a person calls it, e.g. `node pool 'gpu'`
 * @returns the warnings
 * @throws AwsPlanError with all problems that are errors
 */
export function refuse(what: string, problems: readonly Problem[]): readonly Problem[] {
  const errors = problems.filter(({ level }) => level === "error");
  if (errors.length > 0) {
    throw new AwsPlanError(what, sortProblems(errors));
  }
  return problems;
}
