import { table } from "../../../lib/catalog/table";

const source = { source: "test", checked: "2026-11-28" };
const rows = [
  { id: "a", ...source },
  { id: "b", ...source },
];

test("table finds rows by key and lists them in order", () => {
  const { all, find, get } = table<(typeof rows)[number]>("letter", rows);
  expect([all(), find("b"), get("a")]).toEqual([rows, rows[1], rows[0]]);
  expect(find("c")).toBeUndefined();
});

test("table.get of an unknown key names what is missing", () => {
  expect(() => table("letter", rows).get("c")).toThrow("no letter 'c' in the catalogue");
});

test("table refuses two rows with one key", () => {
  expect(() => table("letter", [...rows, rows[0]])).toThrow("two rows of kind 'letter' have the same 'id'");
});
