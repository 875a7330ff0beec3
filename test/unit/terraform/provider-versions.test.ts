import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import providers from "../../../lib/catalog/providers.json";
import { constrainProvider } from "../../../lib/terraform/provider-versions";
import { Synthesized } from "../../support/synth";

describe("constrainProvider", () => {
  it("gives ranges instead of the exact versions of the bindings", () => {
    const stack = Synthesized.of((scope) => {
      new DockerProvider(scope, "docker");
      new AwsProvider(scope, "aws", { region: "eu-central-1" });
      constrainProvider(scope, "docker");
      constrainProvider(scope, "aws");
    });
    expect(stack.json.terraform.required_providers).toEqual({
      docker: { source: "kreuzwerker/docker", version: ">= 4.0.0, < 5.0.0" },
      aws: { source: "aws", version: ">= 5.100.0, < 7.0.0" },
    });
    stack.remove();
  });
});

describe("catalog/providers.json", () => {
  it("says of every row where it comes from and when that was looked at", () => {
    expect(providers.map((row) => row.id)).toEqual(["docker", "aws"]);
    for (const row of providers) {
      expect(row.source).not.toBe("");
      expect(row.checked).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    }
  });
});
