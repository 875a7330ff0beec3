import { join } from "node:path";
import { ALL_TOPICS } from "../../../../lib/cli/rules/all-topics";
import { rulesMarkdown } from "../../../../lib/problems/markdown";
import { expectGolden } from "../../../support/golden";

const rules = ALL_TOPICS.flatMap((topic) => topic.rules);

test("rule ids are well formed, and each belongs to one rule", () => {
  const ids = rules.map((rule) => rule.id);
  expect(ids.filter((id) => !/^RC\d{3}$/.test(id))).toEqual([]);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test("rule titles are phrases without a full stop, and reasons are sentences", () => {
  expect(rules.filter(({ title }) => !/^[A-Z].*[^.]$/.test(title))).toEqual([]);
  expect(rules.filter(({ why }) => !/^\S.*\.$/.test(why))).toEqual([]);
});

test("RULES.md has the rules of all topics", () => {
  expectGolden(join(__dirname, "../../../../lib/problems/RULES.md"), rulesMarkdown(ALL_TOPICS));
});
