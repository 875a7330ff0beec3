import {
  compareVersions,
  parseVersion,
  rayMilestones,
  rayVersionOf,
} from "../../../lib/catalog/ray-versions";

test("milestones are versions, oldest first", () => {
  const versions = rayMilestones().map((row) => row.version);
  expect(versions).toEqual([...versions].sort(compareVersions));
});

test.each([
  ["minimum", "2.47.0"],
  ["token-authentication", "2.52.0"],
  ["emulation", "2.58.0"],
  ["token-default", "2.61.0"],
])("%s is Ray %s", (id, version) => {
  expect(rayVersionOf(id)).toBe(version);
});

test("an unknown milestone is a mistake of ours and says so", () => {
  expect(() => rayVersionOf("tokens")).toThrow("no Ray milestone 'tokens' in the catalogue");
});

test.each([
  ["2.58.0", [2, 58, 0]],
  ["2.58", [2, 58, 0]],
  ["2.58.0rc1", [2, 58, 0]],
  ["2.10.0.post4", [2, 10, 0]],
  ["2", undefined],
  ["latest", undefined],
  ["v2.58.0", undefined],
  ["", undefined],
])("'%s' is %j", (text, expected) => {
  expect(parseVersion(text)).toEqual(expected);
});

test.each([
  ["2.9.0", "2.10.0", -1],
  ["2.58.0", "2.58", 0],
  ["3.0.0", "2.99.99", 1],
])("%s against %s", (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
});

test("what is no version cannot be compared", () => {
  expect(() => compareVersions("2.58.0", "latest")).toThrow("not a version: 'latest'");
});
