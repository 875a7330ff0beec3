import { gunzipSync } from "node:zlib";
import { TerraformVariable } from "cdktf";
import { AwsBootSources } from "../../../lib/aws/cluster/boot-sources";
import { Capacity } from "../../../lib/aws/pool/capacity";
import { AwsClusterNetwork } from "../../../lib/aws/network/cluster-network";
import { AwsInternetAccess } from "../../../lib/aws/network/network-props";
import { AwsInstanceType } from "../../../lib/aws/pool/instance-type";
import { FsxLustreStorage } from "../../../lib/aws/storage/fsx-lustre-storage";
import { EfsStorage } from "../../../lib/aws/storage/nfs-storage";
import { AwsNodePool } from "../../../lib/aws/pool/node-pool";
import { UserData } from "../../../lib/aws/cluster/user-data";
import { cloudConfig } from "../../../lib/bootstrap/cloud-config";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import { bootSpec } from "../../unit/bootstrap/support";
import { type AwsClusterChange, awsCluster, CONTEXT } from "../../support/aws-clusters";
import { AWS_PROVIDER, awsTerraform, offlineAwsProvider } from "../../support/aws-provider";
import { describeWith, TERRAFORM } from "../../support/requirements";
import { Synthesized } from "../../support/synth";

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
    const mounts = [lustre, efs].flatMap(({ mount = [] }) => mount);
    const headUserData = new UserData(scope, "late", bootSpec({ mounts })).base64;
    const { permissions, headPermissions } = new AwsBootSources(scope, "llama", {
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

  it("plans exactly what was synthesized", () => {
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

  it("plans the user data of the boot byte for byte", () => {
    const plan = JSON.parse(awsTerraform(stack.folder, "show", "-json", "plan"));
    const templates = plan.resource_changes.filter((change: any) => change.type === "aws_launch_template");
    const known = templates.filter(({ change }: any) => typeof change.after.user_data === "string");
    const late = templates.filter(({ change }: any) => change.after_unknown.user_data === true);
    expect([known.length, late.length]).toEqual([TYPES.length + 1, TYPES.length]);
    const text = gunzipSync(Buffer.from(known[0].change.after.user_data, "base64")).toString();
    expect(text).toBe(cloudConfig(bootSpec()));
  });
});

describeWith([TERRAFORM, AWS_PROVIDER], "a whole cluster, planned offline", () => {
  const stacks: Synthesized[] = [];
  afterAll(() => {
    stacks.forEach((stack) => {
      stack.remove();
    });
  });

  function planned(change: AwsClusterChange, ...options: readonly string[]): string {
    const backend = { asksAccount: false, ...change.backend };
    const stack = awsCluster({ ...change, backend, provider: offlineAwsProvider });
    stacks.push(stack);
    awsTerraform(stack.folder, "init", "-input=false", "-backend-config=path=terraform.tfstate");
    return awsTerraform(stack.folder, "plan", "-input=false", "-out=plan", ...options);
  }
  const last = () => stacks.at(-1)!;
  const changes = () => {
    const plan = JSON.parse(awsTerraform(last().folder, "show", "-json", "plan"));
    return plan.resource_changes as { address: string; type: string; change: { after: any } }[];
  };
  const of = (type: string) =>
    changes()
      .filter((change) => change.type === type)
      .map(({ change }) => change.after);

  it("plans what was synthesized, with a template that CloudFormation can read", () => {
    const plan = planned({});
    const expected = Object.values(last().counts()).reduce((sum, count) => sum + count, 0);
    expect(plan).toContain(`Plan: ${expected} to add, 0 to change, 0 to destroy.`);
    const [ready] = of("aws_cloudformation_stack");
    expect(JSON.parse(ready.template_body)).toMatchObject({
      Resources: {
        Handle: { Type: "AWS::CloudFormation::WaitConditionHandle" },
        Address: {
          Type: "AWS::SSM::Parameter",
          Properties: {
            Name: { "Fn::Sub": "/ray-cluster/${AWS::StackName}/ready" },
            // URL, workload, seconds, and the last line of a failure.
            Value: {
              "Fn::Sub": expect.stringMatching(/^\$\{Handle\} [0-9a-f]{12} \d+ The machines go on, /),
            },
          },
        },
        HeadHasBooted: {
          Type: "AWS::CloudFormation::WaitCondition",
          Properties: { Handle: { Ref: "BootedHandle" }, Timeout: "1500", Count: 1 },
        },
        Ready: { Type: "AWS::CloudFormation::WaitCondition", DependsOn: "Address" },
      },
      Outputs: { Endpoint: { Value: "http://10.20.0.10:8000" } },
    });
  });

  /** The error of a plan, as one line. */
  function refusal(change: AwsClusterChange, ...options: readonly string[]): string {
    try {
      planned(change, ...options);
    } catch (error) {
      return (error as { stderr: string }).stderr.replace(/\s+/g, " ");
    }
    throw new Error("it was planned");
  }

  it("refuses missing inputs together, and says what to set where", () => {
    const text = refusal({ context: { region: "us-east-1" } });
    for (const [name, variable] of [
      ["availabilityZone", "availability_zone=us-east-1a"],
      [
        "modelTokenSecretArn",
        "model_token_secret_arn=arn:aws:secretsmanager:us-east-1:111122223333:secret:hf-",
      ],
      ["maxUsdPerHour", "max_usd_per_hour=220.16"],
    ]) {
      expect(text).toContain(
        `Set "${name}" in cdktf.json, e.g. "context": { "aws": { "llama": { "${name}": `,
      );
      expect(text).toContain(`or pass --var ${variable}`);
    }
    expect(text).toContain(
      "This plan costs 220.16 USD per hour (on demand in us-east-1, price list of 2026-07-20) for 4 x p5.48xlarge, and maxUsdPerHour is not set or is too low.",
    );
  });

  it("takes inputs from variables", () => {
    const { region, ...rest } = CONTEXT;
    const variables = [
      ["availability_zone", rest.availabilityZone],
      ["model_token_secret_arn", rest.modelTokenSecretArn],
      ["max_usd_per_hour", String(rest.maxUsdPerHour)],
    ];
    const plan = planned(
      { context: { region } },
      ...variables.map(([name, value]) => `-var=${name}=${value}`),
    );
    const expected = Object.values(last().counts()).reduce((sum, count) => sum + count, 0);
    expect(plan).toContain(`Plan: ${expected} to add, 0 to change, 0 to destroy.`);
    expect(of("aws_subnet")[0].availability_zone).toBe("us-east-1a");
  });

  it("refuses a price limit below the price", () => {
    const { maxUsdPerHour, ...others } = CONTEXT;
    expect(refusal({ context: others }, `-var=max_usd_per_hour=${maxUsdPerHour - 30}`)).toContain(
      "This plan costs 220.16 USD per hour",
    );
  });

  it("accepts any price limit for machines without a list price", () => {
    const backend = { maxUsdPerHour: 1 };
    const cluster = { pools: [AwsInstanceType.of("p5e.48xlarge").nodePool("gpu", 4)] };
    expect(planned({ backend, cluster })).toContain("0 to change, 0 to destroy.");
    const unlimited = { maxUsdPerHour: undefined };
    expect(refusal({ backend: unlimited, cluster })).toContain(
      "This plan costs an unknown amount (no list price of p5e.48xlarge) for 4 x p5e.48xlarge, and no limit is set. Set maxUsdPerHour of the AwsBackend of 'llama/llama' to at least that.",
    );
  });
});
