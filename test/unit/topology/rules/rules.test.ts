import * as path from "node:path";
import { RULE_TOPICS } from "../../../../lib/topology/rules";
import { rulesMarkdown } from "../../../../lib/topology/rules/markdown";
import { didYouMean, editDistance, nearest, oneOf, show } from "../../../../lib/problems/text";
import { expectGolden } from "../../../support/golden";

const rules = RULE_TOPICS.flatMap((topic) => topic.rules);

test("ids are unique, well formed and in order", () => {
  const ids = rules.map((rule) => rule.id);
  expect(ids.filter((id) => !/^RC\d{3}$/.test(id))).toEqual([]);
  expect(ids).toEqual([...new Set(ids)].sort());
});

test("every rule says what must hold and why", () => {
  for (const rule of rules) {
    expect(rule.title).toMatch(/^[A-Z].*[^.]$/);
    expect(rule.why).toMatch(/^[A-Z].*\.$/);
  }
});

test("the page of rules is the one that the table makes", () => {
  expectGolden(path.join(__dirname, "../../../../lib/topology/RULES.md"), rulesMarkdown());
});

test.each([
  ["", "", 0],
  ["abc", "abc", 0],
  ["abc", "", 3],
  ["infinibnad", "infiniband", 2],
  ["HCCL_BUFFERSIZE", "HCCL_BUFFSIZE", 2],
  ["kitten", "sitting", 3],
])("from '%s' to '%s' it takes %d edits", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test("only what is near is suggested", () => {
  expect(nearest("H100", ["h100", "h200"])).toBe("h100");
  expect(nearest("tpu-v5e", ["h100", "trainium"])).toBeUndefined();
  expect(didYouMean("efs", ["efa"], "choose")).toBe("did you mean 'efa'?");
  expect(didYouMean("ethernet", ["efa"], "choose")).toBe("choose");
});

test.each([
  [undefined, "nothing"],
  ["", "nothing"],
  [0, "0"],
  ["a\nb", "'a\\nb'"],
  ["x".repeat(100), `'${"x".repeat(77)}...'`],
])("%j is shown as %s", (value, text) => {
  expect(show(value)).toBe(text);
});

test("lists read as a sentence", () => {
  expect([oneOf([]), oneOf(["a"]), oneOf(["a", "b"]), oneOf(["a", "b", "c"])]).toEqual([
    "",
    "'a'",
    "'a' or 'b'",
    "'a', 'b' or 'c'",
  ]);
});
