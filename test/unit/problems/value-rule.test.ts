import { judge } from "../../../lib/problems/rule";
import { distinctRule, valueRule, valuesAt } from "../../../lib/problems/value-rule";

const TEXT = { id: "RC999", title: "Ports are TCP ports", why: "Docker refuses others.", fix: "use 22" };
const MACHINES = { hosts: [{ port: 22, options: ["a", "b"] }, {}, { port: 0, options: ["a"] }] };

describe("valuesAt", () => {
  it.each([
    ["hosts[].port", ["x.hosts[0].port=22", "x.hosts[2].port=0"]],
    ["hosts[].options[]", ["x.hosts[0].options[0]=a", "x.hosts[0].options[1]=b", "x.hosts[2].options[0]=a"]],
    ["registry.host", []],
  ])("%s finds each value that is given, with its path", (at, found) => {
    expect(valuesAt(MACHINES, at, "x").map(({ path, value }) => `${path}=${value}`)).toEqual(found);
  });

  it("a list as root finds the values of its items", () => {
    expect(valuesAt(MACHINES.hosts, "[].port", "backend.hosts").map(({ path }) => path)).toEqual([
      "backend.hosts[0].port",
      "backend.hosts[2].port",
    ]);
  });
});

describe("valueRule", () => {
  it.each([
    ["a test", (port: number) => port > 0],
    ["a regular expression", /^[1-9]/],
  ])("with %s reports each value that does not fit, and nothing that is missing", (_, is) => {
    const rule = valueRule(
      { ...TEXT, at: "hosts[].port", is, must: "be at least 1" },
      (subject: object, at) => valuesAt(subject, at, "x"),
    );
    expect(judge({ title: "Ports", rules: [rule] }, MACHINES, undefined)).toEqual([
      {
        rule: "RC999",
        level: "error",
        path: "x.hosts[2].port",
        got: "0",
        must: "be at least 1",
        fix: "use 22",
      },
    ]);
  });
});

describe("distinctRule", () => {
  it("reports a repeated value at its later path and names the first", () => {
    const rule = distinctRule(TEXT, (subject: object) => valuesAt(subject, "hosts[].options[]", "x"));
    expect(judge({ title: "Options", rules: [rule] }, MACHINES, undefined)).toEqual([
      {
        rule: "RC999",
        level: "error",
        path: "x.hosts[2].options[0]",
        got: "'a'",
        must: "differ from x.hosts[0].options[0]",
        fix: "use 22",
      },
    ]);
  });
});
