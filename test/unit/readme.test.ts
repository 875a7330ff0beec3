import { compileExamples, examplesOf } from "../support/examples";

const EXAMPLES = examplesOf("README.md");
const WRONG = "new LocalBackend({ port: 8000 });";

describe("the examples of README.md", () => {
  const messages = compileExamples([...EXAMPLES.map(({ code }) => code), WRONG]);

  it("are found", () => {
    expect(EXAMPLES.length).toBeGreaterThan(3);
  });

  it.each(EXAMPLES.map(({ line }, index) => [line, index]))("compile: line %i", (_, index) => {
    expect(messages[index]).toEqual([]);
  });

  it("do not compile with a property that does not exist", () => {
    expect(messages.at(-1)?.[0]).toContain("'port' does not exist in type 'LocalBackendProps'");
  });
});
