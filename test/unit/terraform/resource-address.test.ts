import { DataResource } from "cdktf";
import { resourceAddress } from "../../../lib/terraform/resource-address";
import { Synthesized } from "../../support/synth";

describe("resourceAddress", () => {
  it("is the bare address, as replace_triggered_by wants it", () => {
    const stack = Synthesized.of((scope) => {
      const trigger = new DataResource(scope, "trigger");
      new DataResource(scope, "follower", { lifecycle: { replaceTriggeredBy: [resourceAddress(trigger)] } });
    });
    expect(stack.resources("terraform_data").follower.lifecycle).toEqual({
      replace_triggered_by: ["terraform_data.trigger"],
    });
    stack.remove();
  });
});
