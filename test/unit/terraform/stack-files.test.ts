import { readdirSync } from "node:fs";
import { Token, type TerraformStack } from "cdktf";
import { addStackFile } from "../../../lib/terraform/stack-files";
import { Synthesized } from "../../support/synth";

function refusal(build: (stack: TerraformStack) => void): () => void {
  return () => {
    Synthesized.of(build).remove();
  };
}

describe("addStackFile", () => {
  it("writes the files beside the stack's JSON", () => {
    const stack = Synthesized.of((scope) => {
      addStackFile(scope, "review.md", "# review\n");
      addStackFile(scope, "rootfs/opt/a.py", "x = '${y}'\n");
      addStackFile(scope, "rootfs/opt/a.py", "x = '${y}'\n");
    });
    expect(stack.file("review.md")).toBe("# review\n");
    expect(stack.file("rootfs/opt/a.py")).toBe("x = '${y}'\n");
    expect(readdirSync(stack.folder).sort()).toEqual(["cdk.tf.json", "review.md", "rootfs"]);
    stack.remove();
  });

  it.each(["../a", "/etc/a", "..", "a/../../b"])("refuses the path %j outside the folder", (path) => {
    expect(refusal((scope) => addStackFile(scope, path, ""))).toThrow(`got '${path}'`);
  });

  it("refuses different content for the same path", () => {
    const build = (scope: TerraformStack): void => {
      addStackFile(scope, "a", "1");
      addStackFile(scope, "./a", "2");
    };
    expect(refusal(build)).toThrow("file './a' of a stack is added twice with different content");
  });

  it("refuses a token", () => {
    const token = Token.asString({ resolve: () => "y" });
    expect(refusal((scope) => addStackFile(scope, "a", token))).toThrow("cannot hand file a to Terraform");
  });
});
