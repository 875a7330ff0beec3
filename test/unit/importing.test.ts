import { compileExamples, examplesOf } from "../support/examples";
import { runExample } from "../support/run-example";
import { Synthesized } from "../support/synth";

const EXAMPLES = examplesOf("docs/importing.md");

describe("the examples of docs/importing.md", () => {
  const messages = compileExamples(EXAMPLES.map(({ code }) => code));

  it("are found", () => {
    expect(EXAMPLES).toHaveLength(11);
  });

  it.each(EXAMPLES.map(({ line, code }, index) => [line, index, code] as const))(
    "compile and synthesize: line %i",
    (_, index, code) => {
      expect(messages[index]).toEqual([]);
      const synthesized = Synthesized.of((stack) => {
        runExample(code, stack);
      });
      expect(Object.keys(synthesized.json.resource)).not.toEqual([]);
      synthesized.remove();
    },
  );
});
