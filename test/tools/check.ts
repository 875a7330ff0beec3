/** What a check found. Individual test cases where its runner reports them, else the check itself. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Cases that the check itself left out. */
  readonly skipped: number;
  /** What failed, a line each: of a long log only the end may be kept, so they are said again there. */
  readonly failures?: readonly string[];
}

/** Prints a line; where checks run side by side it says whose line it is. */
export type Show = (line: string) => void;

/** A part of `npm test`. */
export interface Check {
  /** As `--only` names it. */
  readonly name: string;
  readonly title: string;
  /** @throws Missing if the machine lacks something */
  readonly run: (show: Show) => Promise<Counts>;
}

/** Something that a check needs and this machine lacks; reads after `skipped: `. */
export class Missing extends Error {}

/** One case: a check that only says yes or no. */
export function single(passed: boolean): Counts {
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

export function sum(counts: readonly Counts[]): Counts {
  const total = (key: "passed" | "failed" | "skipped"): number =>
    counts.reduce((sofar, count) => sofar + count[key], 0);
  return {
    passed: total("passed"),
    failed: total("failed"),
    skipped: total("skipped"),
    failures: counts.flatMap(({ failures = [] }) => failures),
  };
}
