import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { TerraformStack } from "cdktf";
import { AwsClusterNetwork } from "../../../../lib/aws/network/cluster-network";
import { type AwsClusterNetworkProps, AwsInternetAccess } from "../../../../lib/aws/network/network-props";
import { Synthesized } from "../../../support/synth";

const ZONE = "us-east-1a";
const EVERYWHERE = "0.0.0.0/0";

const stacks: Synthesized[] = [];
afterAll(() => {
  stacks.forEach((stack) => {
    stack.remove();
  });
});

function synthesize(build: (stack: TerraformStack) => void): Synthesized {
  const stack = Synthesized.of((scope) => {
    new AwsProvider(scope, "aws", { region: "us-east-1" });
    build(scope);
  });
  stacks.push(stack);
  return stack;
}

function network(props: Partial<AwsClusterNetworkProps> = {}): Synthesized {
  return synthesize((stack) => {
    new AwsClusterNetwork(stack, "llama", { availabilityZone: ZONE, ...props });
  });
}

const all = (stack: Synthesized, type: string) => Object.values(stack.resources(type));

describe("AwsClusterNetwork", () => {
  const stack = network();

  it("creates one VPC with one private subnet and endpoints, and no route to the internet", () => {
    expect(stack.counts()).toEqual({
      aws_vpc: 1,
      aws_default_security_group: 1,
      aws_cloudwatch_log_group: 1,
      aws_iam_role: 1,
      aws_iam_role_policy: 1,
      aws_flow_log: 1,
      aws_subnet: 1,
      aws_route_table: 1,
      aws_route_table_association: 1,
      aws_security_group: 2,
      aws_vpc_endpoint: 12,
      aws_vpc_security_group_ingress_rule: 2,
      aws_vpc_security_group_egress_rule: 3,
      aws_placement_group: 1,
    });
    expect(all(stack, "aws_subnet")).toMatchObject([
      { availability_zone: ZONE, cidr_block: "10.20.0.0/20", map_public_ip_on_launch: false },
    ]);
  });

  it("has a security group that allows all traffic from and to itself, by its id", () => {
    const [name] = Object.keys(stack.resources("aws_security_group")).filter((id) => /machines/.test(id));
    const self = `\${aws_security_group.${name}.id}`;
    for (const way of ["ingress", "egress"]) {
      const rules = all(stack, `aws_vpc_security_group_${way}_rule`);
      expect(rules.filter((rule) => rule.ip_protocol === "-1")).toMatchObject([
        { security_group_id: self, referenced_security_group_id: self },
      ]);
    }
  });

  it("opens no other port, and nothing to a CIDR", () => {
    expect(stack.text).not.toContain(EVERYWHERE);
    expect(stack.text).not.toContain("cidr_ipv4");
    const ports = all(stack, "aws_vpc_security_group_ingress_rule").map((rule) => rule.from_port);
    expect(ports.sort()).toEqual([443, undefined]);
    for (const group of all(stack, "aws_security_group")) {
      expect(group).not.toHaveProperty("ingress");
      expect(group).not.toHaveProperty("egress");
    }
  });

  it("reaches S3 by its prefix list and the services of the catalogue by endpoints", () => {
    const services = all(stack, "aws_vpc_endpoint").map(({ service_name }) => service_name.split(".id}.")[1]);
    expect(services.sort()).toEqual(
      "autoscaling ec2 ec2messages ecr.api ecr.dkr kms logs s3 secretsmanager ssm ssmmessages sts".split(" "),
    );
    expect(
      all(stack, "aws_vpc_security_group_egress_rule").filter((rule) => rule.prefix_list_id),
    ).toHaveLength(1);
  });

  it("replaces the endpoints' security group before it destroys the old one", () => {
    for (const group of all(stack, "aws_security_group")) {
      expect(group.lifecycle).toEqual({ create_before_destroy: true });
    }
  });

  it("keeps a flow log for a year, and closes the default security group", () => {
    expect(all(stack, "aws_cloudwatch_log_group")).toMatchObject([{ retention_in_days: 365 }]);
    expect(all(stack, "aws_flow_log")).toMatchObject([{ traffic_type: "ALL" }]);
    expect(Object.keys(all(stack, "aws_default_security_group")[0]).sort()).toEqual(["//", "tags", "vpc_id"]);
  });

  it("has a cluster placement group unless it is turned off", () => {
    expect(all(stack, "aws_placement_group")).toMatchObject([
      // The name is unique in the account, as the VPC's number is; another name would replace the machines.
      {
        name: expect.stringMatching(/^llama-\$\{aws_vpc\.\w+\.id\}$/),
        strategy: "cluster",
        lifecycle: { ignore_changes: ["name"] },
      },
    ]);
    expect(network({ placementGroup: false }).counts()).not.toHaveProperty("aws_placement_group");
  });
});

describe("AwsClusterNetwork with NAT", () => {
  const stack = network({ internetAccess: AwsInternetAccess.NAT, egressCidrs: [EVERYWHERE], endpoints: [] });

  it("has one gateway in a subnet of its own, and the named egress", () => {
    expect(stack.counts()).toMatchObject({
      aws_nat_gateway: 1,
      aws_internet_gateway: 1,
      aws_eip: 1,
      aws_subnet: 2,
      aws_route: 2,
      aws_vpc_endpoint: 1,
      aws_security_group: 1,
      aws_vpc_security_group_ingress_rule: 1,
      aws_vpc_security_group_egress_rule: 4,
    });
    const open = all(stack, "aws_vpc_security_group_egress_rule").filter((rule) => rule.cidr_ipv4);
    const ports = open.map(
      (rule) => `${rule.cidr_ipv4} ${rule.ip_protocol} ${rule.from_port}-${rule.to_port}`,
    );
    expect(ports.sort()).toEqual(["0.0.0.0/0 tcp 443-443", "0.0.0.0/0 tcp 80-80"]);
  });

  it("has both subnets in one zone", () => {
    expect(all(stack, "aws_subnet").map((subnet) => subnet.availability_zone)).toEqual([ZONE, ZONE]);
  });
});

describe("AwsClusterNetwork.fromExisting", () => {
  const existing = {
    vpcId: "vpc-0123456789abcdef0",
    subnetId: "subnet-0123456789abcdef0",
    subnetCidr: "10.0.0.0/20",
    availabilityZone: ZONE,
  };

  it("creates a security group that allows traffic from and to itself, and to what is named", () => {
    const stack = synthesize((scope) => {
      const endpointSecurityGroupId = "sg-0fedcba9876543210";
      const used = AwsClusterNetwork.fromExisting(scope, "mine", { ...existing, endpointSecurityGroupId });
      expect(used).toMatchObject({ ...existing, securityGroupHasSelfRules: true, reachesOutside: false });
    });
    expect(stack.counts()).toEqual({
      aws_security_group: 1,
      aws_vpc_security_group_ingress_rule: 1,
      aws_vpc_security_group_egress_rule: 2,
    });
  });

  it("creates no security group through which machines reach nothing", () => {
    expect(() =>
      synthesize((scope) => {
        AwsClusterNetwork.fromExisting(scope, "mine", existing);
      }),
    ).toThrow(/^1 problem in 1 place.*\n {2}test\/mine egressCidrs \[RC481\]/);
  });

  it("lets the machines reach egress networks, and reports what is not a network", () => {
    const reaching = (egressCidrs: string[]) =>
      synthesize((scope) => {
        AwsClusterNetwork.fromExisting(scope, "mine", { ...existing, egressCidrs });
      });
    expect(reaching(["10.0.0.0/8"]).counts()).toMatchObject({ aws_vpc_security_group_egress_rule: 3 });
    expect(() => reaching(["10.0.0.1/8"])).toThrow(/test\/mine egressCidrs\[0\] \[RC443\]/);
  });

  it("uses a given security group and assumes nothing about its rules", () => {
    const stack = synthesize((scope) => {
      const mine = { ...existing, securityGroupId: "sg-0123456789abcdef0" };
      expect(AwsClusterNetwork.fromExisting(scope, "a", mine).securityGroupHasSelfRules).toBe(false);
      const said = { ...mine, securityGroupHasSelfRules: true };
      expect(AwsClusterNetwork.fromExisting(scope, "b", said).securityGroupHasSelfRules).toBe(true);
    });
    expect(stack.counts()).toEqual({});
  });
});
