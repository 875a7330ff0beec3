import { gunzipSync } from "node:zlib";
import { TerraformVariable } from "cdktf";
import { AwsBootStore } from "../../lib/aws/boot-store";
import { Capacity } from "../../lib/aws/capacity";
import { AwsClusterNetwork } from "../../lib/aws/cluster-network";
import { AwsInternetAccess } from "../../lib/aws/network-props";
import { FsxLustreStorage } from "../../lib/aws/fsx-lustre-storage";
import { EfsStorage } from "../../lib/aws/nfs-storage";
import { AwsNodePool } from "../../lib/aws/node-pool";
import { AWS_SOURCES, UserData } from "../../lib/aws/user-data";
import { cloudConfig } from "../../lib/bootstrap/cloud-config";
import { Fabric } from "../../lib/topology/fabric";
import { bootSpec } from "../bootstrap/support";
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
    const efa = { efa: true, capacityTiB: 9.6, dataRepositoryUri: "s3://my-models/llama/" };
    const lustre = new FsxLustreStorage(scope, "models", { network, ...efa });
    const efs = new EfsStorage(scope, "small", { network, mountPath: "/small" });
    // The one is known at plan, the other holds the names of file systems that apply makes.
    const userData = new UserData(scope, "known", bootSpec()).base64;
    const mounts = [lustre.mount, efs.mount];
    const headUserData = new UserData(scope, "late", bootSpec({ mounts })).base64;
    const { permissions, headPermissions } = new AwsBootStore(scope, "llama", {
      files: bootSpec().container.files,
    });
    const rights = { permissions, headPermissions };
    const common = { network, nodes: 4, fabric: Fabric.EFA, userData, headUserData, ...rights };
    TYPES.forEach((instanceType, index) => {
      new AwsNodePool(scope, `pool-${index}`, {
        ...common,
        instanceType,
        headAddress: `10.20.0.${10 + index}`,
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

  it("plans user data that is byte for byte what a machine is to boot", () => {
    const plan = JSON.parse(awsTerraform(stack.folder, "show", "-json", "plan"));
    const templates = plan.resource_changes.filter((change: any) => change.type === "aws_launch_template");
    const known = templates.filter(({ change }: any) => typeof change.after.user_data === "string");
    const late = templates.filter(({ change }: any) => change.after_unknown.user_data === true);
    expect([known.length, late.length]).toEqual([TYPES.length + 1, TYPES.length]);
    const text = gunzipSync(Buffer.from(known[0].change.after.user_data, "base64")).toString();
    expect(text).toBe(cloudConfig(bootSpec({ files: AWS_SOURCES })));
  });
});
