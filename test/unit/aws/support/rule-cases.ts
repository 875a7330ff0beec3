import { problemLine } from "../../../../lib/problems/plan-error";
import type { Problem } from "../../../../lib/problems/problem";
import type { TopicText } from "../../../../lib/problems/rule";
import { expectGolden } from "../../../support/golden";

/** An input with one mistake, and what must be reported of it. */
export type RuleCase<Input> = readonly [input: Input, rule: string, path: string, got: string];

/**
 * Tests that each input is reported by its rule alone, that every rule of the topics has an input, and that the
 * sentences are those of the golden file.
 */
export function describeRules<Input>(
  topics: readonly TopicText[],
  cases: readonly RuleCase<Input>[],
  find: (input: Input) => readonly Problem[],
  golden: string,
): void {
  const rows = cases.map(([input, rule, path, got]) => ({ input, rule, path, got }));

  it.each(rows)("$rule reports $path with $got", ({ input, rule, path, got }) => {
    expect(find(input).map((problem) => [problem.rule, problem.path, problem.got])).toEqual([
      [rule, path, got],
    ]);
  });

  it("every rule has an input that breaks it", () => {
    const broken = new Set(rows.map(({ rule }) => rule));
    expect([...broken].sort()).toEqual(topics.flatMap(({ rules }) => rules.map(({ id }) => id)).sort());
  });

  it("sentences are those of the golden file", () => {
    const lines = new Set(rows.flatMap(({ input }) => find(input).map(problemLine)));
    expectGolden(golden, `${[...lines].map((line) => line.trim()).join("\n\n")}\n`);
  });
}
