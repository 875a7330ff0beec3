import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Capacity, SpotInterruption } from "../../../../lib/aws/pool/capacity";
import { AwsClusterNetwork } from "../../../../lib/aws/network/cluster-network";
import { AwsMachineImage } from "../../../../lib/aws/pool/machine-image";
import { AwsNodePool } from "../../../../lib/aws/pool/node-pool";
import type { AwsNodePoolProps } from "../../../../lib/aws/pool/node-pool-props";
import type { IClusterNetwork } from "../../../../lib/aws/network/network-props";
import { NicLayout } from "../../../../lib/aws/pool/nic-layout";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { Synthesized } from "../../../support/synth";

const RESERVATION = "cr-0123456789abcdef0";
const HEAD = "10.0.0.10";

const stacks: Synthesized[] = [];
afterAll(() => {
  stacks.forEach((stack) => {
    stack.remove();
  });
});

function pool(props: Partial<AwsNodePoolProps> = {}): Synthesized {
  const stack = Synthesized.of((scope) => {
    new AwsProvider(scope, "aws", { region: "us-east-1" });
    const network: IClusterNetwork = AwsClusterNetwork.fromExisting(scope, "network", {
      vpcId: "vpc-0123456789abcdef0",
      subnetId: "subnet-0123456789abcdef0",
      subnetCidr: "10.0.0.0/16",
      availabilityZone: "us-east-1a",
      securityGroupId: "sg-0123456789abcdef0",
      securityGroupHasSelfRules: true,
      placementGroupName: "close",
    });
    const common = { network, instanceType: "p5.48xlarge", nodes: 4, fabric: Fabric.EFA };
    new AwsNodePool(scope, "gpu", { ...common, headAddress: HEAD, ...props });
  });
  stacks.push(stack);
  return stack;
}

const all = (stack: Synthesized, type: string) => Object.values(stack.resources(type));
/** Templates: the head's, then the workers'. */
const templates = (stack: Synthesized) =>
  all(stack, "aws_launch_template").sort((a, b) => b.name_prefix.length - a.name_prefix.length);

describe("AwsNodePool of four machines with a head", () => {
  const stack = pool();
  const [head, workers] = templates(stack);

  it("creates an instance, a group and their templates", () => {
    expect(stack.counts()).toEqual({
      aws_launch_template: 2,
      aws_instance: 1,
      aws_autoscaling_group: 1,
      aws_ec2_subnet_cidr_reservation: 1,
      terraform_data: 2,
      aws_iam_role: 1,
      aws_iam_role_policy: 1,
      aws_iam_instance_profile: 1,
    });
  });

  it("reserves the head's address and creates the head before the workers", () => {
    expect(all(stack, "aws_ec2_subnet_cidr_reservation")).toMatchObject([
      { cidr_block: `${HEAD}/32`, reservation_type: "explicit", subnet_id: "subnet-0123456789abcdef0" },
    ]);
    const address = (type: string) => `${type}.${Object.keys(stack.resources(type))[0]}`;
    expect(all(stack, "aws_instance")[0].depends_on).toEqual([address("aws_ec2_subnet_cidr_reservation")]);
    expect(all(stack, "aws_autoscaling_group")[0].depends_on).toEqual([address("aws_instance")]);
    expect(pool({ headAddress: undefined }).counts()).not.toHaveProperty("aws_ec2_subnet_cidr_reservation");
  });

  it("creates as many resources for 1,024 machines", () => {
    expect(pool({ nodes: 1024 }).counts()).toEqual(stack.counts());
    expect(pool({ nodes: 1024 }).text.length).toBeLessThan(stack.text.length * 1.02);
  });

  it("has all 33 network interfaces in the template", () => {
    for (const template of [head, workers]) {
      const nics = template.network_interfaces;
      expect(nics).toHaveLength(33);
      expect(nics.filter((nic: any) => nic.interface_type === "efa-only")).toHaveLength(32);
      expect(nics[0]).toMatchObject({
        network_card_index: 0,
        device_index: 0,
        interface_type: "interface",
        security_groups: ["sg-0123456789abcdef0"],
      });
      expect(nics[32]).toMatchObject({ network_card_index: 31, device_index: 0, interface_type: "efa-only" });
      expect(new Set(nics.flatMap((nic: any) => nic.security_groups))).toEqual(
        new Set(["sg-0123456789abcdef0"]),
      );
      expect(JSON.stringify(nics)).not.toContain("associate_public_ip_address");
    }
  });

  it("names subnet and security group in the interfaces only", () => {
    const [machine] = all(stack, "aws_instance");
    const words =
      "subnet_id vpc_security_group_ids private_ip associate_public_ip_address network_interface ami instance_type key_name";
    for (const word of words.split(" ")) {
      expect(machine).not.toHaveProperty(word);
    }
    expect(head).not.toHaveProperty("vpc_security_group_ids");
    expect(head.network_interfaces.map((nic: any) => nic.subnet_id)).toEqual(
      Array<string>(33).fill("subnet-0123456789abcdef0"),
    );
    expect(JSON.stringify(workers.network_interfaces)).not.toContain("subnet");
  });

  it("gives the head its address on its first interface only", () => {
    const addresses = head.network_interfaces.map((nic: any) => nic.private_ip_address);
    expect(addresses).toEqual([HEAD, ...Array<undefined>(32).fill(undefined)]);
    expect(JSON.stringify(workers)).not.toContain("private_ip_address");
  });

  it("keeps the number of workers", () => {
    expect(all(stack, "aws_autoscaling_group")).toMatchObject([
      {
        min_size: 3,
        max_size: 3,
        desired_capacity: 3,
        vpc_zone_identifier: ["subnet-0123456789abcdef0"],
        health_check_type: "EC2",
      },
    ]);
    expect(all(stack, "aws_autoscaling_group")[0]).not.toHaveProperty("availability_zones");
  });

  it("goes on trying until its time is over where EC2 has no machine", () => {
    const [group] = all(stack, "aws_autoscaling_group");
    expect(group).toMatchObject({ ignore_failed_scaling_activities: true, wait_for_capacity_timeout: "30m" });
    const [patient] = all(pool({ capacityTimeoutMinutes: 90 }), "aws_autoscaling_group");
    expect(patient).toMatchObject({ wait_for_capacity_timeout: "90m", timeouts: { update: "135m" } });
  });

  it("waits longer than the provider for large machines that terminate", () => {
    expect(all(stack, "aws_autoscaling_group")[0].timeouts).toMatchObject({ delete: "45m" });
    expect(all(stack, "aws_instance")[0].timeouts).toEqual({ create: "30m", update: "30m", delete: "45m" });
  });

  it("never starts a replacement while the old machine holds reserved capacity", () => {
    expect(stack.text).not.toContain("create_before_destroy");
    expect(all(stack, "aws_autoscaling_group")[0].instance_refresh.preferences).toMatchObject({
      min_healthy_percentage: 0,
    });
  });

  it("requires IMDSv2 with one hop, and encrypts volumes", () => {
    const metadata = { http_endpoint: "enabled", http_tokens: "required", http_put_response_hop_limit: 1 };
    const [machine] = all(stack, "aws_instance");
    expect(machine.metadata_options).toEqual(metadata);
    // Not beside an image that is not known at plan, which the provider would ask EC2 about.
    expect(machine).not.toHaveProperty("root_block_device");
    const machineImage = AwsMachineImage.ami("ami-0123456789abcdef0", { rootDeviceName: "/dev/sda1" });
    const [pinned] = all(pool({ machineImage }), "aws_instance");
    expect(pinned.root_block_device.encrypted).toBe(true);
    for (const template of [head, workers]) {
      expect(template.metadata_options).toEqual(metadata);
      expect(template.block_device_mappings).toMatchObject([
        { device_name: "/dev/sda1", ebs: { encrypted: "true", volume_size: 200, volume_type: "gp3" } },
      ]);
    }
  });

  it("has no SSH key, and a role for Session Manager only, which reads no parameter", () => {
    expect(stack.text).not.toContain("key_name");
    const [{ policy }] = all(stack, "aws_iam_role_policy");
    const [{ Action: actions }] = JSON.parse(policy).Statement;
    expect(new Set(actions.map((action: string) => action.split(":")[0]))).toEqual(
      new Set(["ssm", "ssmmessages", "ec2messages"]),
    );
    expect(actions.filter((action: string) => action.startsWith("ssm:"))).toEqual([
      "ssm:UpdateInstanceInformation",
    ]);
  });

  it("pulls and unpacks images eight times as fast as a volume of gp3 does by itself", () => {
    for (const template of [head, workers]) {
      expect(template.block_device_mappings[0].ebs).toMatchObject({ throughput: 1000, iops: 4000 });
    }
  });

  it("looks the machine image up once, by a deployment, for all machines and for later ones", () => {
    const name = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id";
    const kept = Object.entries(stack.resources("terraform_data")).find(([id]) => /image_kept/.test(id))!;
    expect(kept[1]).toMatchObject({
      triggers_replace: `${name} first`,
      lifecycle: { ignore_changes: ["input"] },
    });
    const [[parameter, data]] = Object.entries<any>(stack.json.data.aws_ssm_parameter);
    expect(kept[1].input).toBe(`\${data.aws_ssm_parameter.${parameter}.insecure_value}`);
    // A resource that is made: a first plan asks nobody.
    expect(data).toMatchObject({ name, depends_on: [expect.stringMatching(/^terraform_data\./)] });
    for (const template of [head, workers]) {
      expect(template.image_id).toBe(`\${terraform_data.${kept[0]}.output}`);
    }
    const upgraded = Object.values(pool({ machineImageRelease: "2026-12" }).resources("terraform_data"));
    expect(upgraded.map((one) => one.triggers_replace)).toEqual([`${name} 2026-12`, `${name} 2026-12`]);
  });

  it("is in the placement group", () => {
    expect([head.placement, workers.placement]).toEqual([{ group_name: "close" }, { group_name: "close" }]);
  });
});

describe("AwsNodePool", () => {
  it("without a head has workers only", () => {
    const stack = pool({ headAddress: undefined });
    expect(stack.counts()).toMatchObject({ aws_launch_template: 1, aws_autoscaling_group: 1 });
    expect(stack.counts()).not.toHaveProperty("aws_instance");
    expect(all(stack, "aws_autoscaling_group")[0].desired_capacity).toBe(4);
  });

  it("of one node has a head only", () => {
    const stack = pool({ nodes: 1 });
    expect(stack.counts()).toMatchObject({ aws_launch_template: 1, aws_instance: 1 });
    expect(stack.counts()).not.toHaveProperty("aws_autoscaling_group");
  });

  it.each([
    ["p6-b300.48xlarge", 17],
    ["p6-b200.48xlarge", 9],
    ["p5en.48xlarge", 17],
    ["trn2.48xlarge", 17],
    ["g6.48xlarge", 1],
  ])("of %s has %i interfaces", (instanceType, count) => {
    expect(templates(pool({ instanceType }))[0].network_interfaces).toHaveLength(count);
  });

  it("with Fabric.TCP has one plain interface", () => {
    const [head] = templates(pool({ fabric: Fabric.TCP, publicIp: true }));
    expect(head.network_interfaces).toMatchObject([
      { interface_type: "interface", associate_public_ip_address: "true" },
    ]);
  });

  it("raises the idle timeout of tracked connections on Nitro 6", () => {
    const [head] = templates(pool({ instanceType: "p6-b200.48xlarge", nicLayout: NicLayout.MAXIMUM_IP }));
    const remembered = head.network_interfaces.filter((nic: any) => nic.connection_tracking_specification);
    expect(remembered).toHaveLength(8);
    expect(remembered[0].connection_tracking_specification).toEqual({ tcp_established_timeout: 432000 });
    expect(pool().text).not.toContain("connection_tracking");
  });

  it("with permissions of the head has a role for the head", () => {
    const secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ray-AbCdEf";
    const of = (action: string) => ({ actions: [`secretsmanager:${action}`], resources: [secret] });
    const more = { permissions: [of("GetSecretValue")], headPermissions: [of("PutSecretValue")] };
    const stack = pool(more);
    expect(stack.counts()).toMatchObject({ aws_iam_role: 2, aws_iam_instance_profile: 2 });
    const actions = all(stack, "aws_iam_role_policy")
      .filter(({ name_prefix }) => name_prefix === "named-")
      .map(({ policy }) => JSON.parse(policy).Statement.flatMap((statement: any) => statement.Action));
    expect(actions.sort((a, b) => a.length - b.length)).toEqual([
      ["secretsmanager:GetSecretValue"],
      ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
    ]);
    const [head, workers] = templates(stack).map((template) => template.iam_instance_profile.name);
    expect(head).toContain("head-role");
    expect(workers).not.toContain("head-role");
    expect(pool({ nodes: 1, ...more }).counts()).toMatchObject({ aws_iam_role: 1 });
  });

  it("passes a pinned image, a KMS key, permissions and user data on", () => {
    const stack = pool({
      machineImage: AwsMachineImage.ami("ami-0123456789abcdef0", { rootDeviceName: "/dev/xvda" }),
      rootVolumeKmsKeyArn: "arn:aws:kms:us-east-1:111122223333:key/k",
      permissions: [{ actions: ["secretsmanager:GetSecretValue"], resources: ["arn:aws:secretsmanager:x"] }],
      userData: "d29ya2Vy",
      headUserData: "aGVhZA==",
    });
    const [head, workers] = templates(stack);
    expect(head).toMatchObject({ image_id: "ami-0123456789abcdef0", user_data: "aGVhZA==" });
    expect(workers).toMatchObject({ user_data: "d29ya2Vy" });
    expect(head.block_device_mappings[0]).toMatchObject({
      device_name: "/dev/xvda",
      ebs: { kms_key_id: "arn:aws:kms:us-east-1:111122223333:key/k" },
    });
    const [named] = all(stack, "aws_iam_role_policy").filter(({ name_prefix }) => name_prefix === "named-");
    expect(JSON.parse(named.policy).Statement).toEqual([
      {
        Effect: "Allow",
        Action: ["secretsmanager:GetSecretValue"],
        Resource: ["arn:aws:secretsmanager:x"],
      },
    ]);
  });
});

it("a group may use the customer's key of its volumes before it starts machines", () => {
  const key = "arn:aws:kms:us-east-1:111122223333:key/k";
  const stack = pool({ rootVolumeKmsKeyArn: key });
  const [[name, grant]] = Object.entries(stack.resources("aws_kms_grant"));
  const part = (index: number) => `\${element(split(":", "${key}"), ${index})}`;
  expect(grant).toMatchObject({
    key_id: key,
    grantee_principal: `arn:${part(1)}:iam::${part(4)}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
  });
  expect(grant.operations).toEqual(
    expect.arrayContaining(["Decrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant"]),
  );
  expect(all(stack, "aws_autoscaling_group")[0].depends_on).toContain(`aws_kms_grant.${name}`);
  expect(pool({ rootVolumeKmsKeyArn: key, nodes: 1 }).counts()).not.toHaveProperty("aws_kms_grant");
  expect(pool().counts()).not.toHaveProperty("aws_kms_grant");
});

describe("AwsNodePool with capacity", () => {
  const GROUP = "arn:aws:resource-groups:us-east-1:111122223333:group/us";
  const target = (of: object) => ({ capacity_reservation_target: of });

  it("on demand sets neither reservation nor market", () => {
    expect(pool().text).not.toMatch(/capacity_reservation|market/);
  });

  it.each([
    ["outside of the network's placement group", undefined],
    ["inside its own placement group", "reserved"],
  ])("of a reservation targets it %s", (_, placementGroupName) => {
    const capacity = Capacity.reservation(RESERVATION, { placementGroupName });
    for (const template of templates(pool({ capacity }))) {
      expect(template.capacity_reservation_specification).toEqual(
        target({ capacity_reservation_id: RESERVATION }),
      );
      expect(template.placement).toEqual(placementGroupName && { group_name: placementGroupName });
      expect(template).not.toHaveProperty("instance_market_options");
    }
  });

  it("of a reservation with a way out has the order in the group, and its target in the head's template alone", () => {
    const stack = pool({ capacity: Capacity.reservation(RESERVATION, { fallsBackToOnDemand: true }) });
    expect(all(stack, "aws_autoscaling_group")[0].capacity_reservation_specification).toEqual({
      capacity_reservation_preference: "capacity-reservations-first",
      capacity_reservation_target: { capacity_reservation_ids: [RESERVATION] },
    });
    const targets = templates(stack).map((template) => template.capacity_reservation_specification);
    expect(targets).toEqual(
      expect.arrayContaining([undefined, target({ capacity_reservation_id: RESERVATION })]),
    );
    expect(stack.text).not.toContain('"group_name"');
    expect(stack.file("review.md")).toContain(`reservation \`${RESERVATION}\`, workers beyond it on demand`);
  });

  it("of a Capacity Block sets target and market, and no placement group", () => {
    for (const template of templates(pool({ capacity: Capacity.capacityBlock(RESERVATION) }))) {
      expect(template.capacity_reservation_specification).toEqual(
        target({ capacity_reservation_id: RESERVATION }),
      );
      expect(template.instance_market_options).toEqual({ market_type: "capacity-block" });
      expect(template).not.toHaveProperty("placement");
    }
  });

  it.each([
    [
      "a Capacity Block",
      "p5.48xlarge",
      Capacity.capacityBlock(RESERVATION, { endsAt: "2026-12-24T11:30:00Z" }),
      "10:45",
    ],
    [
      "an UltraServer block",
      "p6e-gb200.36xlarge",
      Capacity.ultraServerBlock(GROUP, { endsAt: "2026-12-24T11:30:00Z" }),
      "10:15",
    ],
  ])("of %s ends its workers before EC2 takes them", (_, instanceType, capacity, time) => {
    const stack = pool({ instanceType, capacity });
    const [group] = Object.keys(stack.resources("aws_autoscaling_group"));
    expect(all(stack, "aws_autoscaling_schedule")).toMatchObject([
      {
        autoscaling_group_name: `\${aws_autoscaling_group.${group}.name}`,
        start_time: `2026-12-24T${time}:00Z`,
        min_size: 0,
        max_size: 0,
        desired_capacity: 0,
      },
    ]);
    expect(pool({ capacity: Capacity.capacityBlock(RESERVATION) }).counts()).not.toHaveProperty(
      "aws_autoscaling_schedule",
    );
  });

  it("of an UltraServer block targets the resource group", () => {
    const capacity = Capacity.ultraServerBlock(GROUP);
    const [head] = templates(pool({ instanceType: "p6e-gb200.36xlarge", capacity }));
    expect(head.capacity_reservation_specification).toEqual(
      target({ capacity_reservation_resource_group_arn: GROUP }),
    );
    expect(
      Object.values<any>(pool({ instanceType: "p6e-gb200.36xlarge", capacity }).json.data.aws_ssm_parameter),
    ).toMatchObject([{ name: expect.stringContaining("/arm64/") }]);
  });

  it("of spot machines terminates them on interruption", () => {
    const [, workers] = templates(pool({ capacity: Capacity.spot() }));
    expect(workers.instance_market_options).toEqual({
      market_type: "spot",
      spot_options: { spot_instance_type: "one-time", instance_interruption_behavior: "terminate" },
    });
  });

  it("never buys capacity", () => {
    for (const capacity of [Capacity.reservation(RESERVATION), Capacity.capacityBlock(RESERVATION)]) {
      const types = Object.keys(pool({ capacity }).counts());
      expect(types.filter((type) => /capacity/.test(type))).toEqual([]);
    }
  });
});

describe("AwsNodePool with mistakes", () => {
  it("reports all of them at synth", () => {
    const capacity = Capacity.spot({ interruption: SpotInterruption.HIBERNATE });
    expect(() => pool({ capacity, publicIp: true, headAddress: "10.9.9.9" })).toThrow(
      /^3 problems in 3 places.*\n {2}test\/gpu capacity\.interruption \[RC420\].*\n.*headAddress \[RC410\].*\n.*publicIp \[RC403\]/,
    );
  });

  it.each([{ instanceType: "p5.48xlarg" }, { nodes: 0 }, { nodes: NaN }, { nodes: 0.5, headAddress: HEAD }])(
    "reports %j and nothing else",
    (props) => {
      expect(() => pool(props)).toThrow(/^1 problem in 1 place; nothing was written/);
    },
  );
});

it("names of IAM roles are cut to what the provider takes", () => {
  const prefixes = (name: string) =>
    all(
      pool({ name, headPermissions: [{ actions: ["s3:GetObject"], resources: ["*"] }] }),
      "aws_iam_role",
    ).map(({ name_prefix }) => name_prefix);
  expect(prefixes("a".repeat(50))).toEqual([`${"a".repeat(37)}-`, `${"a".repeat(37)}-`]);
  expect(prefixes("gpu")).toEqual(["gpu-head-", "gpu-"]);
});
