import {
  compareVersions,
  parseVersion,
  rayMilestones,
  rayVersionOf,
} from "../../../lib/catalog/ray-versions";

test("rayMilestones are versions, oldest first", () => {
  const versions = rayMilestones().map((row) => row.version);
  expect(versions).toEqual([...versions].sort(compareVersions));
});

test.each([
  ["minimum", "2.47.0"],
  ["token-authentication", "2.52.0"],
  ["emulation", "2.58.0"],
  ["token-default", "2.61.0"],
])("rayVersionOf %s is %s", (id, version) => {
  expect(rayVersionOf(id)).toBe(version);
});

test("rayVersionOf an unknown milestone throws", () => {
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
])("parseVersion of '%s' is %j", (text, expected) => {
  expect(parseVersion(text)).toEqual(expected);
});

test.each([
  ["2.9.0", "2.10.0", -1],
  ["2.58.0", "2.58", 0],
  ["3.0.0", "2.99.99", 1],
])("compareVersions of %s and %s", (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
});

test("compareVersions of anything but versions throws", () => {
  expect(() => compareVersions("2.58.0", "latest")).toThrow("not a version: 'latest'");
});
