import { ALL_TOPICS } from "../../../../lib/cli/rules/all-topics";
import { explain } from "../../../../lib/cli/rules/explain";
import { CommandError } from "../../../../lib/cli/base/command-error";

const TOPICS = [
  {
    title: "Names",
    rules: [
      { id: "RC991", level: "error", title: "Names are short", why: "Long ones are cut off." },
      { id: "RC992", level: "warning", title: "Names are new", why: "Old ones are confusing." },
    ],
  },
  { title: "Pools", rules: [{ id: "RC998", level: "error", title: "Pools exist", why: "None is empty." }] },
] as const;

test.each(["RC992", "rc992"])("explain %s prints level, topic, title and reason of the rule", (id) => {
  expect(explain(id, TOPICS)).toBe(
    "RC992 (warning, Names)\n  must hold: Names are new.\n  otherwise: Old ones are confusing.",
  );
});

test("explain without an id lists the rules of every topic", () => {
  expect(explain(undefined, TOPICS)).toBe("topic  rules\nNames  RC991 RC992\nPools  RC998");
});

test("explain with an unknown id fails and names the closest ones", () => {
  expect(() => explain("RC996", TOPICS)).toThrow(
    new CommandError("there is no rule 'RC996'", "the closest are RC998, RC992, RC991"),
  );
});

test("explain with a digit too many names the id without it first", () => {
  expect(() => explain("RC9981", TOPICS)).toThrow(
    new CommandError("there is no rule 'RC9981'", "the closest are RC998, RC991, RC992"),
  );
});

test("explain knows every rule of every topic", () => {
  const ids = ALL_TOPICS.flatMap(({ rules }) => rules.map(({ id }) => id));
  expect(ids.filter((id) => !explain(id).startsWith(`${id} (`))).toEqual([]);
});
