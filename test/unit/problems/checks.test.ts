import { checkWhole, isAbsolutePath, isWhole, isWithin, repeated } from "../../../lib/problems/checks";

test.each([
  [1, 1, 2, true],
  [2, 1, 2, true],
  [3, 1, 2, false],
  [0, 1, 2, false],
  [1.5, 1, 2, false],
  [NaN, 1, 2, false],
  [Infinity, 1, undefined, false],
  [undefined, 1, 2, false],
])("isWhole of %s from %s to %s is %s", (value, minimum, maximum, expected) => {
  expect(isWhole(value, minimum, maximum)).toBe(expected);
});

test("checkWhole accepts a value that is left out and reports one below the minimum", () => {
  expect(checkWhole({ path: "cpus", value: undefined }, 1, "leave it out")).toEqual([]);
  expect(checkWhole({ path: "cpus", value: 0 }, 1, "leave it out")).toEqual([
    { path: "cpus", got: "0", must: "be a whole number of at least 1", fix: "leave it out" },
  ]);
});

test.each([
  ["/", true],
  ["/a/b", true],
  ["/a..b", true],
  ["a/b", false],
  ["/a/../b", false],
  ["/./a", false],
  ["/a//b", false],
  ["/a/", false],
  ["/a\nb", false],
  ["", false],
])("isAbsolutePath of %j is %s", (path, expected) => {
  expect(isAbsolutePath(path)).toBe(expected);
});

test.each([
  ["/a", "/a", true],
  ["/a/b", "/a", true],
  ["/a/b", "/a/", true],
  ["/a", "/a/", true],
  ["/a", "/", true],
  ["/ab", "/a", false],
  ["/a", "/a/b", false],
])("isWithin of %s in %s is %s", (path, folder, expected) => {
  expect(isWithin(path, folder)).toBe(expected);
});

test("repeated names each later value with the path of the first, and skips what is left out", () => {
  const given = [
    { path: "a", value: 1 },
    { path: "b", value: undefined },
    { path: "c", value: 1 },
    { path: "d", value: 2 },
    { path: "e", value: 1 },
    { path: "f", value: undefined },
  ];
  expect(repeated(given)).toEqual([
    { path: "c", value: 1, first: "a" },
    { path: "e", value: 1, first: "a" },
  ]);
});
