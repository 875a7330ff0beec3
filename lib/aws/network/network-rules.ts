import { parseSubnet } from "../../topology/plan/addressing";
import type { Problem } from "../../problems/problem";
import { show } from "../../problems/text";
import { AwsInternetAccess } from "./network-props";
import { type AwsRule, applyRules } from "../rule";

/** A network as its rules see it; what is known only at apply is `undefined`. */
export interface NetworkSpec {
  readonly availabilityZone?: string;
  readonly vpcCidr: string;
  readonly subnetCidr: string;
  readonly natSubnetCidr: string;
  readonly internetAccess: AwsInternetAccess;
  readonly egressCidrs: readonly string[];
}

/** EC2 takes VPCs and subnets of these sizes. */
const LARGEST_PREFIX = 16;
const SMALLEST_PREFIX = 28;

const EGRESS_RULE: AwsRule<Pick<NetworkSpec, "egressCidrs">> = {
  id: "RC443",
  title: "Networks that the machines may reach are IPv4 CIDRs.",
  check: ({ egressCidrs }) => {
    const index = egressCidrs.findIndex((cidr) => parseSubnet(cidr) === undefined);
    return index < 0
      ? undefined
      : {
          path: `egressCidrs[${index}]`,
          got: show(egressCidrs[index]),
          allowed: "must be an IPv4 CIDR without bits of a host",
          fix: "write e.g. '10.0.0.0/8', or '0.0.0.0/0' for the whole internet",
        };
  },
};

export const networkRules: readonly AwsRule<NetworkSpec>[] = [
  {
    id: "RC440",
    title: "The VPC is a network of the size that EC2 takes.",
    check: ({ vpcCidr }) => sized("vpcCidr", vpcCidr),
  },
  {
    id: "RC441",
    title: "The machines' subnet is a part of the VPC.",
    check: ({ vpcCidr, subnetCidr }) =>
      sized("subnetCidr", subnetCidr) ?? inside("subnetCidr", subnetCidr, vpcCidr),
  },
  {
    id: "RC442",
    title: "The NAT gateway's subnet is another part of the VPC.",
    check: ({ internetAccess, vpcCidr, subnetCidr, natSubnetCidr }) => {
      if (internetAccess !== AwsInternetAccess.NAT) {
        return undefined;
      }
      return (
        sized("natSubnetCidr", natSubnetCidr) ??
        inside("natSubnetCidr", natSubnetCidr, vpcCidr) ??
        (overlap(natSubnetCidr, subnetCidr)
          ? {
              path: "natSubnetCidr",
              got: show(natSubnetCidr),
              allowed: `must not overlap subnetCidr ${subnetCidr}`,
              fix: "choose a free part of the VPC",
            }
          : undefined)
      );
    },
  },
  EGRESS_RULE,
  {
    id: "RC444",
    title: "A NAT gateway is of use only with networks that the machines may reach.",
    check: ({ internetAccess, egressCidrs }) =>
      internetAccess === AwsInternetAccess.NAT && egressCidrs.length === 0
        ? {
            path: "egressCidrs",
            got: "none",
            allowed: "must name at least one network besides a NAT gateway, which costs by the hour",
            fix: "name what the machines may reach, or use AwsInternetAccess.ENDPOINTS_ONLY",
          }
        : undefined,
  },
  {
    id: "RC445",
    title: "Without a NAT gateway the machines reach their VPC only.",
    check: ({ internetAccess, egressCidrs, vpcCidr }) => {
      const index = egressCidrs.findIndex((cidr) => parseSubnet(cidr) && !contains(vpcCidr, cidr));
      return internetAccess === AwsInternetAccess.NAT || index < 0
        ? undefined
        : {
            path: `egressCidrs[${index}]`,
            got: show(egressCidrs[index]),
            allowed: "must lie in the VPC: there is no way out of it",
            fix: "use AwsInternetAccess.NAT, or leave it out",
          };
    },
  },
  {
    id: "RC446",
    title: "All machines are in one zone.",
    check: ({ availabilityZone }) =>
      availabilityZone === undefined || /^[a-z]{2}(-[a-z]+)+-\d+(-[a-z]+-\d+)?[a-z]$/.test(availabilityZone)
        ? undefined
        : {
            path: "availabilityZone",
            got: show(availabilityZone),
            allowed: "must be one zone: EFA does not cross zones",
            fix: "write e.g. 'us-east-1a'",
          },
  },
];

/** Everything that is wrong with a network. */
export function checkNetwork(spec: NetworkSpec): readonly Problem[] {
  return applyRules(networkRules, spec);
}

/** What is wrong with the networks that the machines of an existing network may reach. */
export function checkEgress(egressCidrs: readonly string[]): readonly Problem[] {
  return applyRules([EGRESS_RULE], { egressCidrs });
}

function sized(path: string, cidr: string) {
  const subnet = parseSubnet(cidr);
  return subnet && subnet.prefix >= LARGEST_PREFIX && subnet.prefix <= SMALLEST_PREFIX
    ? undefined
    : {
        path,
        got: show(cidr),
        allowed: `must be an IPv4 CIDR from /${LARGEST_PREFIX} to /${SMALLEST_PREFIX} without bits of a host`,
        fix: "leave it out for the default",
      };
}

function inside(path: string, cidr: string, vpcCidr: string) {
  return parseSubnet(vpcCidr) === undefined || contains(vpcCidr, cidr)
    ? undefined
    : {
        path,
        got: show(cidr),
        allowed: `must lie in vpcCidr ${vpcCidr}`,
        fix: "choose a part of the VPC",
      };
}

function contains(outer: string, inner: string): boolean {
  const [a, b] = [parseSubnet(outer), parseSubnet(inner)];
  return !!a && !!b && a.network <= b.network && b.broadcast <= a.broadcast;
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [parseSubnet(one), parseSubnet(other)];
  return !!a && !!b && a.network <= b.broadcast && b.network <= a.broadcast;
}
