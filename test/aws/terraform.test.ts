import { TerraformVariable } from "cdktf";
import { Capacity } from "../../lib/aws/capacity";
import { AwsClusterNetwork } from "../../lib/aws/cluster-network";
import { AwsInternetAccess } from "../../lib/aws/network-props";
import { AwsNodePool } from "../../lib/aws/node-pool";
import { Fabric } from "../../lib/topology/fabric";
import { AWS_PROVIDER, awsTerraform, offlineAwsProvider } from "../support/aws-provider";
import { describeWith, TERRAFORM } from "../support/requirements";
import { Synthesized } from "../support/synth";

jest.setTimeout(300_000);

/** All instance types whose templates differ in shape: many cards, a card without EFA, one card, Neuron, arm64. */
const TYPES = ["p5.48xlarge", "p6-b300.48xlarge", "g6.48xlarge", "trn2.48xlarge"];

describeWith([TERRAFORM, AWS_PROVIDER], "the real AWS provider, offline", () => {
  const stack = Synthesized.of((scope) => {
    offlineAwsProvider(scope);
    const zone = new TerraformVariable(scope, "zone", { type: "string", default: "us-east-1a" });
    const network = new AwsClusterNetwork(scope, "net", {
      availabilityZone: zone.stringValue,
      internetAccess: AwsInternetAccess.NAT,
      egressCidrs: ["0.0.0.0/0"],
    });
    const common = { network, nodes: 4, fabric: Fabric.EFA };
    TYPES.forEach((instanceType, index) => {
      new AwsNodePool(scope, `pool-${index}`, {
        ...common,
        instanceType,
        headAddress: `10.20.0.${10 + index}`,
        permissions: [{ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::models/*"] }],
      });
    });
    const capacity = Capacity.capacityBlock("cr-0123456789abcdef0");
    new AwsNodePool(scope, "block", { ...common, instanceType: "p5en.48xlarge", capacity });
  });
  const expected = Object.values(stack.counts()).reduce((sum, count) => sum + count, 0);

  afterAll(() => {
    stack.remove();
  });

  it("takes the stack, and plans exactly what was synthesized", () => {
    awsTerraform(stack.folder, "init", "-backend=false", "-input=false");
    expect(awsTerraform(stack.folder, "validate")).toContain("Success!");
    awsTerraform(stack.folder, "init", "-input=false", "-backend-config=path=terraform.tfstate");
    const plan = awsTerraform(stack.folder, "plan", "-input=false", "-out=plan");
    expect(plan).toContain(`Plan: ${expected} to add, 0 to change, 0 to destroy.`);
  });

  it("plans the network interfaces as they were laid out", () => {
    const plan = JSON.parse(awsTerraform(stack.folder, "show", "-json", "plan"));
    const templates = plan.resource_changes.filter((change: any) => change.type === "aws_launch_template");
    const counts = templates.map(({ change }: any) => [
      change.after.instance_type,
      change.after.network_interfaces.length,
    ]);
    expect(new Map(counts)).toEqual(
      new Map([
        ["p5.48xlarge", 33],
        ["p6-b300.48xlarge", 17],
        ["g6.48xlarge", 1],
        ["trn2.48xlarge", 17],
        ["p5en.48xlarge", 17],
      ]),
    );
  });
});
