import { TerraformVariable } from "cdktf";
import { PlanCheck } from "../../../lib/terraform/plan-check";
import { Synthesized } from "../../support/synth";

test("conditions and messages are rendered, and messages are escaped", () => {
  const stack = Synthesized.of((scope) => {
    const zone = new TerraformVariable(scope, "zone", { type: "string", default: "" });
    const check = new PlanCheck(scope, "check");
    check.require(`\${length(${zone.fqn}) >= 1}`, 'say "${zone}" or 100%{ }');
    check.refuse("no");
  });
  expect(stack.resources("terraform_data").check.lifecycle.precondition).toEqual([
    { condition: "${length(var.zone) >= 1}", error_message: 'say "$${zone}" or 100%%{ }' },
    { condition: '${terraform.workspace == ""}', error_message: "no" },
  ]);
  stack.remove();
});
