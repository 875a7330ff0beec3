import { Fn, TerraformOutput, TerraformVariable, Token } from "cdktf";
import { EncodingError } from "../../../lib/terraform/encode";
import { template } from "../../../lib/terraform/template";
import { Synthesized } from "../../support/synth";

/** What Terraform gets of a text that is made from a value that is known only at apply. */
function synthesized(text: (value: string) => string): string {
  const stack = Synthesized.of((scope) => {
    const value = new TerraformVariable(scope, "value", { type: "string" }).stringValue;
    new TerraformOutput(scope, "text", { value: template(text(value), "a text") });
  });
  stack.remove();
  return stack.json.output.text.value;
}

describe("template", () => {
  it("escapes everything but the references", () => {
    expect(synthesized((value) => `a="\${HOME}" b=%{x} c=${value}/\${d}`)).toBe(
      'a="$${HOME}" b=%%{x} c=${var.value}/$${d}',
    );
  });

  it("keeps the call of a function", () => {
    expect(synthesized((value) => `x=${Token.asString(Fn.upper(value))}`)).toBe("x=${upper(var.value)}");
  });

  it("refuses what Terraform would change", () => {
    expect(() => synthesized((value) => `${value}\0`)).toThrow(EncodingError);
  });
});
