import { errorRule, isBuildable, judge, type Topic, warningRule } from "../../../lib/problems/rule";

const TOPIC: Topic<number, { limit: number }> = {
  title: "Numbers",
  rules: [
    errorRule("RC991", {
      title: "Numbers are small",
      why: "Large ones do not fit.",
      check: (subject, { limit }) =>
        subject > limit && {
          path: "number",
          got: String(subject),
          must: `be at most ${limit}`,
          fix: `use ${limit}`,
        },
    }),
    warningRule("RC992", {
      title: "Numbers are even",
      why: "Odd ones are slow.",
      check: (subject) =>
        [[1], [-1, undefined]].map((steps) =>
          steps.map(
            (step) =>
              step !== undefined &&
              subject % 2 !== 0 && {
                path: "number",
                got: String(subject),
                consequence: "is slow",
                fix: `use ${subject + step}`,
              },
          ),
        ),
    }),
  ],
};

test("judge finds nothing where every rule holds", () => {
  expect(judge(TOPIC, 2, { limit: 4 })).toEqual([]);
});

test("judge puts the id and level of its rule on each finding, one or several in nested lists", () => {
  expect(judge(TOPIC, 5, { limit: 4 })).toEqual([
    { rule: "RC991", level: "error", path: "number", got: "5", must: "be at most 4", fix: "use 4" },
    { rule: "RC992", level: "warning", path: "number", got: "5", consequence: "is slow", fix: "use 6" },
    { rule: "RC992", level: "warning", path: "number", got: "5", consequence: "is slow", fix: "use 4" },
  ]);
});

test("isBuildable accepts warnings and rejects errors", () => {
  expect(isBuildable(judge(TOPIC, 3, { limit: 4 }))).toBe(true);
  expect(isBuildable(judge(TOPIC, 6, { limit: 4 }))).toBe(false);
});
