import { unless } from "../../problems/checks";
import type { Problem } from "../../problems/problem";
import { errorRule, judge, warningRule, type Topic } from "../../problems/rule";
import { show } from "../../problems/text";
import { parseSubnet } from "../../topology/plan/addressing";
import { fits } from "../known";

/** A network with every default filled in. */
export interface NetworkSpec {
  readonly availabilityZone: string;
  readonly vpcCidr: string;
  readonly subnetCidr: string;
  /** Of the NAT gateway. @default - there is none */
  readonly natSubnetCidr?: string;
  readonly egressCidrs: readonly string[];
}

const INTERNET = "0.0.0.0/0";
/** EC2 takes VPCs and subnets of these sizes. */
const LARGEST_PREFIX = 16;
const SMALLEST_PREFIX = 28;
/** A zone of a region, or a local zone: `us-east-1a`, `us-east-1-dfw-2a`. */
const ZONE = /^[a-z]{2}(-[a-z]+)+-\d+(-[a-z]+-\d+)?[a-z]$/;

/** Networks that the machines may reach, of a network that is created and of one that exists. */
export const EGRESS_TOPIC: Topic<readonly string[]> = {
  title: "EC2: networks that the machines may reach",
  rules: [
    errorRule("RC443", {
      title: "Networks that the machines may reach are IPv4 CIDRs",
      why: "EC2 refuses a security group rule with another text.",
      check: (cidrs) =>
        each(cidrs, (cidr) => parseSubnet(cidr) === undefined).map((found) => ({
          ...found,
          must: "be an IPv4 CIDR without host bits",
          fix: `write e.g. '10.0.0.0/8', or '${INTERNET}' for the whole internet`,
        })),
    }),
    warningRule("RC448", {
      title: "The machines do not reach the whole internet",
      why: "Whatever runs on the machines can send data anywhere.",
      check: (cidrs) =>
        each(cidrs, (cidr) => cidr === INTERNET).map((found) => ({
          ...found,
          consequence: "lets the machines reach the whole internet",
          fix: "name the networks that they need, where these have fixed addresses",
        })),
    }),
  ],
};

export const NETWORK_TOPIC: Topic<NetworkSpec> = {
  title: "EC2: network",
  rules: [
    errorRule("RC440", {
      title: "VPC and subnets have sizes that EC2 takes",
      why: "EC2 refuses the network.",
      check: ({ vpcCidr, subnetCidr, natSubnetCidr }) =>
        Object.entries({ vpcCidr, subnetCidr, natSubnetCidr }).flatMap(([path, cidr]) =>
          unless(cidr === undefined || isSized(cidr), {
            path,
            got: show(cidr),
            must: `be an IPv4 CIDR from /${LARGEST_PREFIX} to /${SMALLEST_PREFIX} without host bits`,
            fix: "leave it out for the default",
          }),
        ),
    }),
    errorRule("RC441", {
      title: "Subnets are part of the VPC",
      why: "EC2 refuses a subnet outside of its VPC.",
      check: ({ vpcCidr, subnetCidr, natSubnetCidr }) =>
        Object.entries({ subnetCidr, natSubnetCidr }).flatMap(([path, cidr]) =>
          unless(cidr === undefined || !isSized(cidr) || !isSized(vpcCidr) || contains(vpcCidr, cidr), {
            path,
            got: show(cidr),
            must: `be part of vpcCidr ${vpcCidr}`,
            fix: "use a part of the VPC",
          }),
        ),
    }),
    errorRule("RC442", {
      title: "The NAT gateway has a subnet of its own",
      why: "EC2 refuses subnets that overlap.",
      check: ({ subnetCidr, natSubnetCidr }) =>
        unless(natSubnetCidr === undefined || !overlap(natSubnetCidr, subnetCidr), {
          path: "natSubnetCidr",
          got: show(natSubnetCidr),
          must: `not overlap subnetCidr ${subnetCidr}`,
          fix: "use a free part of the VPC",
        }),
    }),
    errorRule("RC444", {
      title: "With a NAT gateway the machines may reach a network",
      why: "The gateway is paid by the hour, and the security group would let nothing through to it.",
      check: ({ natSubnetCidr, egressCidrs }) =>
        unless(natSubnetCidr === undefined || egressCidrs.length > 0, {
          path: "egressCidrs",
          got: "nothing",
          must: "name at least one network with AwsInternetAccess.NAT",
          fix: "name the networks that the machines may reach, or use AwsInternetAccess.ENDPOINTS_ONLY",
        }),
    }),
    errorRule("RC445", {
      title: "Without a NAT gateway the machines reach only their VPC",
      why: "No route leads out of it.",
      check: ({ natSubnetCidr, vpcCidr, egressCidrs }) =>
        each(
          egressCidrs,
          (cidr) =>
            natSubnetCidr === undefined &&
            [cidr, vpcCidr].every((text) => parseSubnet(text) !== undefined) &&
            !contains(vpcCidr, cidr),
        ).map((found) => ({
          ...found,
          must: "be part of the VPC without a NAT gateway",
          fix: "use AwsInternetAccess.NAT, or leave it out",
        })),
    }),
    errorRule("RC446", {
      title: "All machines are in one zone",
      why: "EFA does not cross zones.",
      check: ({ availabilityZone }) =>
        unless(fits(availabilityZone, ZONE), {
          path: "availabilityZone",
          got: show(availabilityZone),
          must: "be one Availability Zone",
          fix: "write e.g. 'us-east-1a'",
        }),
    }),
  ],
};

/** Where the machines of an existing network may go, if their security group is created. */
interface MadeGroup {
  readonly egressCidrs: readonly string[];
  readonly egressPrefixListIds: readonly string[];
  readonly endpointSecurityGroupId?: string;
}

export const MADE_GROUP_TOPIC: Topic<MadeGroup> = {
  title: "EC2: an existing network with a new security group",
  rules: [
    errorRule("RC481", {
      title: "A security group that is created lets the machines reach AWS",
      why: "They boot with what is in S3, and report there that they serve: the deployment would wait for hours in vain.",
      check: ({ egressCidrs, egressPrefixListIds, endpointSecurityGroupId }) =>
        unless(egressCidrs.length + egressPrefixListIds.length > 0 || endpointSecurityGroupId !== undefined, {
          path: "egressCidrs",
          got: "nothing",
          must: "name a network, or egressPrefixListIds and endpointSecurityGroupId those of the VPC's endpoints",
          fix: "name where the machines reach S3 and the services of AWS, or give securityGroupId",
        }),
    }),
  ],
};

/** Everything that is wrong with a network. */
export function checkNetwork(spec: NetworkSpec): readonly Problem[] {
  return [...judge(NETWORK_TOPIC, spec, undefined), ...checkEgress(spec.egressCidrs)];
}

/** What is wrong with the networks that machines may reach. */
export function checkEgress(egressCidrs: readonly string[]): readonly Problem[] {
  return judge(EGRESS_TOPIC, egressCidrs, undefined);
}

function each(egressCidrs: readonly string[], isMeant: (cidr: string) => boolean) {
  return egressCidrs.flatMap((cidr, index) =>
    isMeant(cidr) ? [{ path: `egressCidrs[${index}]`, got: show(cidr) }] : [],
  );
}

function isSized(cidr: string): boolean {
  const subnet = parseSubnet(cidr);
  return subnet !== undefined && subnet.prefix >= LARGEST_PREFIX && subnet.prefix <= SMALLEST_PREFIX;
}

function contains(outer: string, inner: string): boolean {
  const [a, b] = [parseSubnet(outer), parseSubnet(inner)];
  return !!a && !!b && a.network <= b.network && b.broadcast <= a.broadcast;
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [parseSubnet(one), parseSubnet(other)];
  return !!a && !!b && a.network <= b.broadcast && b.network <= a.broadcast;
}
