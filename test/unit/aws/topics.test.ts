import { AWS_TOPICS } from "../../../lib/aws/topics";

const rules = AWS_TOPICS.flatMap((topic) => topic.rules);

test("every rule of EC2 has an id of its own", () => {
  const ids = rules.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^RC4\d\d$/.test(id))).toEqual([]);
});

test("ids of deleted rules are not given again", () => {
  expect(rules.filter(({ id }) => ["RC433", "RC434"].includes(id))).toEqual([]);
});

test("every rule of EC2 states what must hold as a phrase, and why as a sentence", () => {
  for (const { title, why } of rules) {
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(why).toMatch(/^[A-Z`].*\.$/);
  }
});
