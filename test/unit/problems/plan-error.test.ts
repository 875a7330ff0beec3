import { inspect } from "node:util";
import { PlanError, problemLine, problemText } from "../../../lib/problems/plan-error";
import type { Problem } from "../../../lib/problems/problem";

const error: Problem = {
  rule: "RC991",
  level: "error",
  construct: "stack/one",
  path: "pools[0].nodes",
  got: "0",
  must: "be at least 1",
  fix: "remove the pool",
};
const warning: Problem = {
  rule: "RC992",
  level: "warning",
  path: "fabric",
  got: "'tcp'",
  consequence: "will be slow",
  fix: "use another",
};

test.each([
  [error, "  stack/one pools[0].nodes [RC991]: got 0, but must be at least 1. Remove the pool."],
  [warning, "  fabric [RC992]: 'tcp' will be slow. Use another."],
  [
    { ...error, fix: "did you mean '1'?" },
    "  stack/one pools[0].nodes [RC991]: got 0, but must be at least 1. Did you mean '1'?",
  ],
  [{ ...warning, links: ["a", "b"] }, "  fabric [RC992]: 'tcp' will be slow. Use another (see a, b)."],
])("problemLine of %j", (problem, line) => {
  expect(problemLine(problem)).toBe(line);
});

test("PlanError lists its problems by construct, path with indices as numbers, and rule", () => {
  const at = (construct: string, path: string, rule: string) => ({ ...error, construct, path, rule });
  const { problems } = new PlanError([
    at("stack/two", "a", "RC991"),
    at("stack/one", "pools[10]", "RC991"),
    at("stack/one", "pools[2]", "RC992"),
    at("stack/one", "pools[2]", "RC991"),
  ]);
  expect(problems.map(({ construct, path, rule }) => `${construct} ${path} ${rule}`)).toEqual([
    "stack/two a RC991",
    "stack/one pools[2] RC991",
    "stack/one pools[2] RC992",
    "stack/one pools[10] RC991",
  ]);
});

test("PlanError counts its problems and the properties that have them", () => {
  const [headline] = new PlanError([
    error,
    { ...error, rule: "RC993" },
    { ...error, path: "name" },
  ]).message.split("\n");
  expect(headline).toBe("3 problems in 2 places; nothing was written");
  expect(new PlanError([error]).message).toMatch(/^1 problem in 1 place; nothing was written\n/);
});

test("an error that nobody catches is printed once", () => {
  expect(inspect(new PlanError([error])).match(/RC\d+/g)).toHaveLength(1);
});

test("problemText lists choices below the sentence, in columns", () => {
  const choices = {
    head: ["change", "left"],
    rows: [
      ["nodes 2", "9.5 GiB"],
      ["kvCacheDtype 'fp8'", "10.5 GiB"],
    ],
  };
  expect(problemText({ ...warning, choices })).toBe(
    [
      "  fabric [RC992]: 'tcp' will be slow. Use another.",
      "      change              left",
      "      nodes 2             9.5 GiB",
      "      kvCacheDtype 'fp8'  10.5 GiB",
    ].join("\n"),
  );
  expect(problemText(warning)).toBe(problemLine(warning));
  expect(new PlanError([{ ...error, choices }]).message).toContain("\n      nodes 2             9.5 GiB");
});
