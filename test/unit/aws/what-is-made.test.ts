import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformOutput } from "cdktf";
import { AwsClusterNetwork, AwsNodePool, EfsStorage, Fabric, FsxLustreStorage } from "../../../lib";
import { Synthesized } from "../../support/synth";

/** What an importer attaches policies, alarms, rules and mounts of its own to. */
const stack = Synthesized.of((scope) => {
  new AwsProvider(scope, "aws", { region: "us-east-1" });
  const network = new AwsClusterNetwork(scope, "net", { availabilityZone: "us-east-1a" });
  const lustre = new FsxLustreStorage(scope, "models", { network, capacityTiB: 9.6 });
  const efs = new EfsStorage(scope, "shared", { network });
  const pool = new AwsNodePool(scope, "gpu", {
    network,
    instanceType: "p5.48xlarge",
    nodes: 3,
    fabric: Fabric.EFA,
    headAddress: "10.20.0.10",
    headPermissions: [{ actions: ["s3:GetObject"], resources: ["arn:aws:s3:::bucket/*"] }],
  });
  const made = {
    vpc: network.vpcId,
    subnet: network.subnetId,
    machines: network.securityGroupId,
    "lustre-id": lustre.fileSystemId,
    "lustre-name": lustre.dnsName,
    "lustre-mount": lustre.mountName,
    "lustre-group": lustre.securityGroupId,
    "efs-id": efs.fileSystemId,
    "efs-name": efs.dnsName,
    "efs-group": efs.securityGroupId,
    head: pool.headInstanceId,
    group: pool.autoScalingGroupName,
    template: pool.launchTemplateId,
    role: pool.roleName,
    "head-role": pool.headRoleName,
  };
  Object.entries(made).forEach(([id, value]) => new TerraformOutput(scope, id, { value }));
});

afterAll(() => {
  stack.remove();
});

test.each(Object.entries<{ readonly value: string }>(stack.json.output))(
  "%s is that of a resource",
  (_, { value }) => {
    const [, type, name] = /^\$\{(\w+)\.([\w-]+)\.\w+\}$/.exec(value) ?? [];
    expect(Object.keys(stack.resources(type))).toContain(name);
  },
);

test("the head and the workers have roles of their own where the head may do more", () => {
  expect(stack.json.output.role).not.toEqual(stack.json.output["head-role"]);
});
