import { ALL_EXPLAINED, compared } from "../../support/reasons";

const REASONS = { A: { on: /^bucket\./, why: "it is small" } };

test("a finding with its reason is nothing to speak of", () => {
  expect(compared([{ check: "A", resource: "bucket.one" }], REASONS)).toEqual(ALL_EXPLAINED);
});

test.each([
  ["another check", "B", "bucket.one", ["B on bucket.one"], ["A"]],
  ["the same check on another resource", "A", "machine.one", ["A on machine.one"], []],
])("%s has none", (_, check, resource, withoutReason, withoutFinding) => {
  expect(compared([{ check, resource }], REASONS)).toEqual({ withoutReason, withoutFinding });
});
