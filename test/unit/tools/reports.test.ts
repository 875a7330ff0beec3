import { jestCounts, tapCounts, junitCounts } from "../../tools/reports";

describe("jestCounts", () => {
  const none = {
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
  };
  it.each([
    [{ numPassedTests: 7 }, { passed: 7, failed: 0, skipped: 0 }],
    [
      { numPassedTests: 7, numFailedTests: 2 },
      { passed: 7, failed: 2, skipped: 0 },
    ],
    [
      { numPendingTests: 3, numTodoTests: 1 },
      { passed: 0, failed: 0, skipped: 4 },
    ],
    // A file that does not load has no test to count.
    [{ numRuntimeErrorTestSuites: 1 }, { passed: 0, failed: 1, skipped: 0 }],
  ])("%j", (report, counts) => {
    expect(jestCounts(JSON.stringify({ ...none, ...report }))).toMatchObject(counts);
  });

  it("names what failed with the first lines of its message, without colours and stack", () => {
    const testResults = [
      {
        name: "/somewhere/test/e2e/hosts.e2e.test.ts",
        message: "",
        assertionResults: [
          { status: "passed", fullName: "a", failureMessages: [] },
          {
            status: "failed",
            fullName: "b c",
            failureMessages: ["\u001b[31mnot 7\u001b[39m\n\n    at Object.<anonymous> (x.ts:1:1)"],
          },
        ],
      },
      { name: "/somewhere/broken.test.ts", message: "no module", assertionResults: [] },
    ];
    expect(jestCounts(JSON.stringify({ ...none, testResults })).failures).toEqual([
      "hosts.e2e: b c\n    not 7",
      "broken: does not load\n    no module",
    ]);
  });
});

describe("junitCounts", () => {
  const suite = (counts: string) =>
    `<testsuites><testsuite name="pytest" ${counts} time="1"></testsuite></testsuites>`;
  it.each([
    ['errors="0" failures="0" skipped="0" tests="12"', { passed: 12, failed: 0, skipped: 0 }],
    ['errors="0" failures="0" skipped="2" tests="12"', { passed: 10, failed: 0, skipped: 2 }],
    ['errors="2" failures="1" skipped="3" tests="12"', { passed: 6, failed: 3, skipped: 3 }],
    ['errors="0" failures="0" skipped="0" tests="0"', { passed: 0, failed: 1, skipped: 0 }],
  ])("%s", (counts, expected) => {
    expect(junitCounts(suite(counts))).toMatchObject(expected);
  });

  it("names what failed", () => {
    const report =
      '<testsuite failures="1" errors="0" skipped="0" tests="2"><testcase classname="a.b" name="one" time="1" />' +
      '<testcase classname="a.b" name="two[&lt;x&gt;]" time="1"><failure message="assert 1 == 2&#10;more">E</failure></testcase></testsuite>';
    expect(junitCounts(report).failures).toEqual(["a.b: two[<x>]\n    assert 1 == 2\n    more"]);
  });

  it("an unreadable report is one failure", () => {
    expect(junitCounts("")).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe("tapCounts", () => {
  it.each([
    ["1..2\nok 1 a\nok 2 b", { passed: 2, failed: 0, skipped: 0 }],
    [
      "1..3\nok 1 a\nnot ok 2 b\n# (in test file)\nok 3 c # skip no root",
      { passed: 1, failed: 1, skipped: 1 },
    ],
    ["1..3\nok 1 a", { passed: 1, failed: 2, skipped: 0 }],
    ["1..0", { passed: 0, failed: 1, skipped: 0 }],
    ["", { passed: 0, failed: 1, skipped: 0 }],
  ])("%j", (output, counts) => {
    expect(tapCounts(output)).toMatchObject(counts);
  });

  it("names what failed", () => {
    const output =
      "1..2\nnot ok 1 waits for the lock\n# (in test file a.bats, line 3)\n#   `false' failed\nok 2 b";
    expect(tapCounts(output).failures).toEqual([
      "bats: waits for the lock\n    (in test file a.bats, line 3)\n      `false' failed",
    ]);
  });
});
