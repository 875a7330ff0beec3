import {
  canonicalPackage,
  parsePinnedPackage,
  versionAmong,
} from "../../../../lib/topology/declaration/python-package";

test.each([
  ["ray==2.58.0", "ray", [], "2.58.0"],
  ["ray[default]==2.58.0", "ray", ["default"], "2.58.0"],
  ["Ray[Serve,default,serve]==2.58.0", "ray", ["default", "serve"], "2.58.0"],
  ["Typing_Extensions==4.16.0", "typing-extensions", [], "4.16.0"],
  ["zope..interface-x==7.0", "zope-interface-x", [], "7.0"],
  ["torch==2.10.0+cu130", "torch", [], "2.10.0+cu130"],
  ["vllm==0.27.0rc1", "vllm", [], "0.27.0rc1"],
  ["a==1!2.0.post1.dev3", "a", [], "1!2.0.post1.dev3"],
])("parsePinnedPackage reads %s", (text, name, extras, version) => {
  expect(parsePinnedPackage(text)).toEqual({ name, extras, version });
});

test.each([
  "ray",
  "ray==",
  "ray==2.*",
  "ray===2.58.0",
  "ray>=2.58.0",
  "ray==2.58.0,==2.58.0",
  "ray ==2.58.0",
  "ray==2.58.0 ",
  "ray==2.58.0;python_version>'3'",
  "ray==2.58.0 --hash=sha256:0",
  "ray[]==2.58.0",
  "ray[default==2.58.0",
  "-r requirements.txt",
  "./ray==2.58.0",
  "-ray==2.58.0",
  "ray==x",
  "",
])("parsePinnedPackage rejects '%s'", (text) => {
  expect(parsePinnedPackage(text)).toBeUndefined();
  expect(canonicalPackage(text)).toBe(text);
});

test("canonicalPackage writes equal pins the same way", () => {
  expect(canonicalPackage("Ray[Serve,default]==2.58.0RC1")).toBe("ray[default,serve]==2.58.0rc1");
  expect(canonicalPackage("msgpack==1.1.0")).toBe("msgpack==1.1.0");
});

test("versionAmong finds a version by the package's name", () => {
  const packages = ["ray-haystack==2.0", "Ray[default]==2.58.0", "not pinned"];
  expect(versionAmong(packages, "ray")).toBe("2.58.0");
  expect(versionAmong(packages, "vllm")).toBeUndefined();
});
