import childProcess from "node:child_process";
import { gzipSync } from "node:zlib";
import { findInstanceType } from "../../../lib/catalog/instance-types";
import type { Synthesized } from "../../support/synth";
import { AWS_STACKS, type AwsStack, INPUTS, synthesize } from "../../support/aws-stacks";

/** Resources of every stack, whatever its storage and number of nodes. */
const COMMON = {
  aws_autoscaling_group: 1,
  aws_cloudformation_stack: 1,
  aws_cloudwatch_log_group: 2,
  aws_default_security_group: 1,
  aws_ec2_subnet_cidr_reservation: 1,
  aws_eip: 1,
  aws_flow_log: 1,
  aws_iam_instance_profile: 2,
  aws_iam_role: 3,
  aws_iam_role_policy: 5,
  aws_instance: 1,
  aws_internet_gateway: 1,
  aws_launch_template: 2,
  aws_nat_gateway: 1,
  aws_placement_group: 1,
  aws_route: 2,
  aws_route_table: 2,
  aws_route_table_association: 2,
  aws_s3_bucket: 1,
  aws_s3_bucket_policy: 1,
  aws_s3_bucket_public_access_block: 1,
  aws_s3_bucket_server_side_encryption_configuration: 1,
  aws_s3_bucket_versioning: 1,
  aws_s3_object: 2,
  aws_secretsmanager_secret: 1,
  aws_security_group: 3,
  aws_subnet: 2,
  aws_vpc: 1,
  aws_vpc_endpoint: 12,
  terraform_data: 6,
};
const STORAGE: { readonly [type: string]: { readonly [type: string]: number } } = {
  aws_efs_file_system: {
    aws_efs_file_system: 1,
    aws_efs_mount_target: 1,
    aws_vpc_security_group_egress_rule: 6,
    aws_vpc_security_group_ingress_rule: 3,
  },
  aws_fsx_lustre_file_system: {
    aws_fsx_lustre_file_system: 1,
    aws_vpc_security_group_egress_rule: 11,
    aws_vpc_security_group_ingress_rule: 8,
  },
};

/** Of the 16 KiB that EC2 takes: names that only apply knows come on top. */
const USER_DATA_BUDGET_BYTES = 12 * 1024;

const all = (stack: Synthesized, type: string) => Object.values(stack.resources(type));
const textOf = (stack: Synthesized, userData: string): string =>
  stack.json.locals[/local\.([\w-]+)/.exec(userData)![1]];

describe.each(AWS_STACKS.map((expected) => [expected.name, expected] as const))("stack %s", (_, expected) => {
  const stack = synthesize(expected);
  const templates = all(stack, "aws_launch_template");

  afterAll(() => {
    stack.remove();
  });

  it("holds exactly its network, machines, storage and readiness stack", () => {
    expect(stack.counts()).toEqual({ ...COMMON, ...STORAGE[expected.storage] });
    expect(Object.keys(stack.json.output).sort()).toEqual(["endpoint", expect.stringMatching(/-access$/)]);
    expect(stack.json.terraform.required_providers).toEqual({
      aws: { source: "aws", version: ">= 5.100.0, < 7.0.0" },
    });
  });

  it("has one head and a group of all others, of one type", () => {
    expect(all(stack, "aws_instance")).toHaveLength(1);
    const size = expected.nodes - 1;
    expect(all(stack, "aws_autoscaling_group")).toMatchObject([
      { min_size: size, max_size: size, desired_capacity: size },
    ]);
    expect(templates.map((template) => template.instance_type)).toEqual([
      expected.instanceType,
      expected.instanceType,
    ]);
  });

  it("has the network interfaces that AWS recommends for the type", () => {
    for (const { network_interfaces: interfaces } of templates) {
      const ofEfa = interfaces.filter((nic: any) => /efa/.test(nic.interface_type));
      expect([interfaces.length, ofEfa.length]).toEqual([expected.interfaces, expected.efaDevices]);
    }
  });

  it("buys no capacity, opens no port to the world, and has no SSH key", () => {
    expect(Object.keys(stack.counts()).filter((type) => /capacity_|key_pair|spot/.test(type))).toEqual([]);
    expect(stack.text).not.toMatch(/key_name|market_options|associate_public_ip_address": *"?true/);
    const ingress = all(stack, "aws_vpc_security_group_ingress_rule");
    expect(ingress.filter((rule) => rule.cidr_ipv4 ?? rule.cidr_ipv6 ?? rule.prefix_list_id)).toEqual([]);
    const out = all(stack, "aws_vpc_security_group_egress_rule").filter((rule) => rule.cidr_ipv4);
    expect(out.map((rule) => `${rule.cidr_ipv4}:${rule.from_port}`).sort()).toEqual([
      "0.0.0.0/0:443",
      "0.0.0.0/0:80",
    ]);
  });

  it("keeps user data within its budget", () => {
    for (const { user_data: userData } of templates) {
      const text = textOf(stack, userData);
      expect(text).toMatch(/^#cloud-config\n/);
      expect(gzipSync(text).length).toBeLessThanOrEqual(USER_DATA_BUDGET_BYTES);
    }
  });

  it("holds no value of a secret", () => {
    expect(stack.counts()).not.toHaveProperty("aws_secretsmanager_secret_version");
    expect(stack.json.data).not.toHaveProperty("aws_secretsmanager_secret_version");
    expect(stack.text).not.toMatch(/\bhf_[A-Za-z0-9]{10}/);
  });

  it("has a variable for each missing input only", () => {
    expect(Object.keys(stack.json.variable).sort()).toEqual([...expected.inputs].sort());
    const given = synthesize(expected, INPUTS);
    // Those that are left only refuse a value.
    const variables = Object.entries<{ validation?: { condition: string }[] }>(given.json.variable);
    for (const [name, { validation }] of variables) {
      expect(validation?.map(({ condition }) => condition)).toEqual([
        expect.stringMatching(`^\\$\\{var\\.${name} == (""|0)\\}$`),
      ]);
    }
    expect(variables.map(([name]) => name).sort()).toEqual([...expected.inputs].sort());
    expect(given.counts()).toMatchObject({ terraform_data: 4 });
    expect(given.json.provider.aws).toEqual([{ region: "us-east-1" }]);
    given.remove();
  });

  it("launches machines in the reservation or block of its inputs", () => {
    const id = "cr-0123456789abcdef0";
    const blocks = findInstanceType(expected.instanceType)!.capacityBlock ? [{ capacityBlockId: id }] : [];
    const specs = [{ capacityReservationId: id }, ...blocks].map((more) => {
      const reserved = synthesize(expected, { ...INPUTS, ...more });
      reserved.remove();
      return all(reserved, "aws_launch_template");
    });
    for (const template of specs.flat()) {
      expect(template.capacity_reservation_specification).toEqual({
        capacity_reservation_target: { capacity_reservation_id: id },
      });
    }
    expect(specs.slice(1).flatMap((block) => block.map((one) => one.instance_market_options))).toEqual(
      blocks.flatMap(() => Array(2).fill({ market_type: "capacity-block" })),
    );
  });

  it("is refused with a price limit below its price", () => {
    expect(() => synthesize(expected, { ...INPUTS, maxUsdPerHour: expected.usdPerHour - 0.02 })).toThrow(
      `backend.maxUsdPerHour [RC452]: got ${expected.usdPerHour - 0.02}, but must be at least ${expected.usdPerHour}: `,
    );
  });

  it("states its price in the review, and warns only of the split of layers and missing digests", () => {
    const review = stack.file("review.md");
    expect(review).toContain(`price of the machines: ${expected.usdPerHour} USD per hour`);
    const [, warnings = ""] = review.split("## Warnings");
    const ids = [...warnings.matchAll(/\[(RC\d+)\](?!.* Acknowledged: )/g)].map(([, id]) => id);
    expect(ids.filter((id) => !["RC069", "RC111"].includes(id))).toEqual([]);
  });

  it("synthesizes to the same text again, without other programs and whatever the environment", () => {
    const environment = process.env;
    process.env = { PATH: "", AWS_REGION: "eu-central-1", AWS_PROFILE: "somebody" };
    const start = ["execSync", "execFileSync", "spawnSync", "exec", "execFile", "spawn", "fork"] as const;
    const spies = start.map((program) => jest.spyOn(childProcess, program));
    try {
      const again = synthesize(expected);
      expect(again.text).toBe(stack.text);
      expect(again.file("review.md")).toBe(stack.file("review.md"));
      again.remove();
      expect(spies.flatMap((spy) => spy.mock.calls)).toEqual([]);
    } finally {
      process.env = environment;
      spies.forEach((spy) => spy.mockRestore());
    }
  });
});

describe("vllm-405b-4x8-b300", () => {
  const named = (name: string) => AWS_STACKS.find((stack) => stack.name === name) as AwsStack;

  it("differs from vllm-405b-4x8-h100 in what follows from the instance type", () => {
    const [b300, h100] = [named("vllm-405b-4x8-b300"), named("vllm-405b-4x8-h100")].map((expected) =>
      synthesize({ ...expected, name: "vllm" }),
    );
    [b300, h100].forEach((stack) => {
      stack.remove();
    });
    expect(b300.counts()).toEqual(h100.counts());
    const templatesOf = (stack: Synthesized) =>
      all(stack, "aws_launch_template").map((template) => ({
        ...template,
        network_interfaces: [],
        instance_type: "",
      }));
    expect(templatesOf(b300)).toEqual(templatesOf(h100));
    const changed = Object.keys(b300.json.resource).filter(
      (type) => JSON.stringify(b300.resources(type)) !== JSON.stringify(h100.resources(type)),
    );
    // The wait says what the machines cost.
    expect(changed.sort()).toEqual(["aws_cloudformation_stack", "aws_launch_template", "terraform_data"]);
  });
});
