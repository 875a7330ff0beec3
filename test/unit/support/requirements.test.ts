import { describeWith, type Requirement } from "../../support/requirements";

const PRESENT: Requirement = { what: "Docker daemon", isMet: () => true };
const MISSING: Requirement = { what: "Terraform", isMet: () => false };

/** Calls `describeWith` as if it stood in a test file, and says what it did. */
function record(
  requirements: readonly Requirement[],
  ci: boolean,
): { calls: string[]; printed: string; tests: (() => void)[] } {
  const calls: string[] = [];
  const tests: (() => void)[] = [];
  const realDescribe = globalThis.describe;
  const realIt = globalThis.it;
  const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  const environment = process.env;
  process.env = { ...environment, CI: ci ? "true" : "" };
  const fakeDescribe = (name: string, body: () => void): void => {
    calls.push(`describe ${name}`);
    body();
  };
  const skip = (name: string): void => {
    calls.push(`skip ${name}`);
  };
  globalThis.describe = Object.assign(fakeDescribe, { skip }) as unknown as typeof describe;
  globalThis.it = ((_: string, test: () => void) => tests.push(test)) as unknown as typeof it;
  try {
    describeWith(requirements, "block", () => calls.push("body"));
    return { calls, printed: write.mock.calls.map(([text]) => String(text)).join(""), tests };
  } finally {
    globalThis.describe = realDescribe;
    globalThis.it = realIt;
    process.env = environment;
    write.mockRestore();
  }
}

describe("describeWith", () => {
  it("runs the block where everything is there", () => {
    expect(record([PRESENT], true)).toMatchObject({ calls: ["describe block", "body"], printed: "" });
  });

  it("says on the console what it skips, and why", () => {
    expect(record([PRESENT, MISSING], false)).toMatchObject({
      calls: ["skip block"],
      printed: "skipped: no Terraform (block)\n",
    });
  });

  it("fails in CI instead of skipping", () => {
    const { calls, tests } = record([MISSING], true);
    expect(calls).toEqual(["describe block"]);
    expect(tests).toHaveLength(1);
    expect(tests[0]).toThrow("no Terraform");
  });
});
