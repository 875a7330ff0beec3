import { KeptValue } from "../../../lib/terraform/kept-value";
import { Synthesized } from "../../support/synth";

test("a kept value is the first one until its key is another one", () => {
  const stack = Synthesized.of((scope) => {
    const { value } = new KeptValue(scope, "kept", { value: "ami-1", key: "first" });
    new KeptValue(scope, "reader", { value, key: "" });
  });
  const { kept, reader } = stack.resources("terraform_data");
  expect(kept).toMatchObject({
    input: "ami-1",
    triggers_replace: "first",
    lifecycle: { ignore_changes: ["input"] },
  });
  expect(reader.input).toBe("${terraform_data.kept.output}");
  stack.remove();
});
