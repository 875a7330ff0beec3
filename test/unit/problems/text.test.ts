import { counted, didYouMean, editDistance, nearest, oneOf, show } from "../../../lib/problems/text";

test.each([
  ["", "", 0],
  ["abc", "abc", 0],
  ["abc", "", 3],
  ["infinibnad", "infiniband", 2],
  ["HCCL_BUFFERSIZE", "HCCL_BUFFSIZE", 2],
  ["kitten", "sitting", 3],
])("editDistance from '%s' to '%s' is %d in both directions", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test.each([
  ["H100", ["h100", "h200"], "h100"],
  ["tpu-v5e", ["h100", "trainium"], undefined],
  ["gcs", ["a-much-longer-name"], undefined],
])("nearest of '%s' among %j is %s", (given, candidates, expected) => {
  expect(nearest(given, candidates)).toBe(expected);
});

test("didYouMean falls back to the other advice where nothing is near", () => {
  expect(didYouMean("efs", ["efa"], "choose")).toBe("did you mean 'efa'?");
  expect(didYouMean("ethernet", ["efa"], "choose")).toBe("choose");
});

test.each([
  [undefined, "nothing"],
  ["", "nothing"],
  [0, "0"],
  ["a\nb", "'a\\nb'"],
  ["x".repeat(100), `'${"x".repeat(77)}...'`],
])("show %j as %s", (value, text) => {
  expect(show(value)).toBe(text);
});

test.each([
  [[], ""],
  [["a"], "'a'"],
  [["a", "b"], "'a' or 'b'"],
  [["a", "b", "c"], "'a', 'b' or 'c'"],
])("oneOf %j reads %s", (values, text) => {
  expect(oneOf(values)).toBe(text);
});

test("counted adds the plural to every number but one", () => {
  expect([0, 1, 2].map((count) => counted(count, "node"))).toEqual(["0 nodes", "1 node", "2 nodes"]);
});
