import { ALL_TOPICS } from "../../../../lib/cli/rules/all-topics";
import { explain } from "../../../../lib/cli/rules/explain";
import { CommandError } from "../../../../lib/cli/base/command-error";

const TOPICS = [
  {
    title: "Names",
    rules: [
      { id: "RC901", level: "error", title: "Names are short", why: "Long ones are cut off." },
      { id: "RC902", level: "warning", title: "Names are new", why: "Old ones are confusing." },
    ],
  },
  { title: "Pools", rules: [{ id: "RC910", level: "error", title: "Pools exist", why: "None is empty." }] },
] as const;

test.each(["RC902", "rc902"])("explain %s prints level, topic, title and reason of the rule", (id) => {
  expect(explain(id, TOPICS)).toBe(
    "RC902 (warning, Names)\n  must hold: Names are new.\n  otherwise: Old ones are confusing.",
  );
});

test("explain without an id lists the rules of every topic", () => {
  expect(explain(undefined, TOPICS)).toBe("topic  rules\nNames  RC901 RC902\nPools  RC910");
});

test("explain with an unknown id fails and names the closest ones", () => {
  expect(() => explain("RC909", TOPICS)).toThrow(
    new CommandError("there is no rule 'RC909'", "the closest are RC910, RC902, RC901"),
  );
});

test("explain knows every rule of every topic", () => {
  const ids = ALL_TOPICS.flatMap(({ rules }) => rules.map(({ id }) => id));
  expect(ids.filter((id) => !explain(id).startsWith(`${id} (`))).toEqual([]);
});
