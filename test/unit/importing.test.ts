import { transformSync } from "@swc/core";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import * as cdktf from "cdktf";
import * as publicApi from "../../lib";
import { compileExamples, examplesOf } from "../support/examples";
import { Synthesized } from "../support/synth";

const EXAMPLES = examplesOf("docs/importing.md");

const NAMES: { readonly [name: string]: unknown } = { ...cdktf, ...publicApi, AwsProvider };

/** Runs an example as the constructor of the stack, with the names that it may use. */
function run(code: string, stack: cdktf.TerraformStack): void {
  const { code: plain } = transformSync(`(function () {\n${code}\n})`, {
    jsc: { parser: { syntax: "typescript" }, target: "es2022" },
  });

  const make = new Function(...Object.keys(NAMES), `return ${plain}`) as (
    ...values: readonly unknown[]
  ) => () => void;
  make(...Object.values(NAMES)).call(stack);
}

describe("the examples of docs/importing.md", () => {
  const messages = compileExamples(EXAMPLES.map(({ code }) => code));

  it("are found", () => {
    expect(EXAMPLES).toHaveLength(6);
  });

  it.each(EXAMPLES.map(({ line, code }, index) => [line, index, code] as const))(
    "compile and synthesize: line %i",
    (_, index, code) => {
      expect(messages[index]).toEqual([]);
      const synthesized = Synthesized.of((stack) => {
        run(code, stack);
      });
      expect(Object.keys(synthesized.json.resource)).not.toEqual([]);
      synthesized.remove();
    },
  );
});
