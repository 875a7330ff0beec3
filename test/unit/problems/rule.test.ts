import { isBuildable, judge, type Topic } from "../../../lib/problems/rule";

const TOPIC: Topic<number, { limit: number }> = {
  title: "Numbers",
  rules: [
    {
      id: "RC991",
      level: "error",
      title: "Numbers are small",
      why: "Large ones do not fit.",
      check: (subject, { limit }) =>
        subject <= limit
          ? []
          : { path: "number", got: String(subject), must: `be at most ${limit}`, fix: `use ${limit}` },
    },
    {
      id: "RC992",
      level: "warning",
      title: "Numbers are even",
      why: "Odd ones are slow.",
      check: (subject) =>
        subject % 2 === 0
          ? []
          : [1, -1].map((step) => ({
              path: "number",
              got: String(subject),
              consequence: "is slow",
              fix: `use ${subject + step}`,
            })),
    },
  ],
};

test("judge finds nothing where every rule holds", () => {
  expect(judge(TOPIC, 2, { limit: 4 })).toEqual([]);
});

test("judge puts the id and level of its rule on each finding, one or several", () => {
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
