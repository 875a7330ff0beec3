import type { TerraformProvider } from "cdktf";
import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { PlacementGroup } from "@cdktf/provider-aws/lib/placement-group";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { Construct } from "constructs";
import { allAwsEndpoints } from "../../catalog/aws-endpoints";
import { isLateList, lateProblems } from "../../problems/late-values";
import { judge } from "../../problems/rule";
import { reportProblems } from "../../terraform/app-problems";
import { moneyOf } from "../../review/money";
import { endpointsPrice, natGatewayPrice } from "../service-prices";
import { unpriced } from "../../review/place-facts";
import { useAws } from "../provider";
import { reviewPart } from "../../terraform/review-files";
import { NetworkEndpoints } from "./endpoints";
import { VpcFlowLog } from "./flow-log";
import { Nat } from "./nat";
import {
  type AwsClusterNetworkProps,
  AwsInternetAccess,
  type ExistingAwsNetworkProps,
  type IClusterNetwork,
} from "./network-props";
import { checkEgress, checkNetwork, MADE_GROUP_TOPIC } from "./network-rules";
import { ClusterSecurityGroup } from "./security-group";

/**
 * A network for machines with EFA: one private subnet in one zone. Nothing outside reaches the machines, and they
 * reach only the networks that are named. The construct's id is the name of what is created.
 *
 * @example
 * new AwsClusterNetwork(this, "net", {
 *   availabilityZone: "us-east-1a",
 *   internetAccess: AwsInternetAccess.NAT,
 *   egressCidrs: ["0.0.0.0/0"],
 * });
 */
export class AwsClusterNetwork extends Construct implements IClusterNetwork {
  /** An existing VPC and subnet. Without `securityGroupId` a group is created in that VPC. */
  public static fromExisting(scope: Construct, id: string, props: ExistingAwsNetworkProps): IClusterNetwork {
    const { egressCidrs = [], egressPrefixListIds = [], endpointSecurityGroupId } = withoutLateLists(props);
    const existing = new Construct(scope, id);
    useAws(existing, props.provider);
    const isComplete = reportProblems(existing, lateProblems(props));
    reportProblems(existing, checkEgress(egressCidrs));
    const reach = { egressCidrs, egressPrefixListIds, endpointSecurityGroupId };
    const groupProps = { name: id, vpcId: props.vpcId, ...reach };
    const isMade = props.securityGroupId === undefined;
    if (isMade && isComplete) {
      reportProblems(existing, judge(MADE_GROUP_TOPIC, reach, undefined));
    }
    return {
      ...props,
      reachesOutside: isMade ? egressCidrs.length > 0 : undefined,
      securityGroupHasSelfRules: isMade || (props.securityGroupHasSelfRules ?? false),
      securityGroupId: props.securityGroupId ?? new ClusterSecurityGroup(existing, "machines", groupProps).id,
    };
  }

  public readonly vpcId: string;
  public readonly subnetId: string;
  /** IPv4 CIDR of the subnet. */
  public readonly subnetCidr: string;
  public readonly availabilityZone: string;
  public readonly securityGroupId: string;
  public readonly securityGroupHasSelfRules = true;
  /** Cluster placement group. @default - none */
  public readonly placementGroupName?: string;
  /** Whether machines reach any network outside of AWS. */
  public readonly reachesOutside?: boolean;
  /** Networks that the machines may reach over HTTP and HTTPS. */
  public readonly egressCidrs?: readonly string[];
  /** Provider of AWS that makes whatever is in the network. @default - the stack's default provider */
  public readonly provider?: TerraformProvider;

  public constructor(scope: Construct, id: string, props: AwsClusterNetworkProps) {
    super(scope, id);
    useAws(this, props.provider);
    this.provider = props.provider;
    const {
      availabilityZone,
      vpcCidr = "10.20.0.0/16",
      subnetCidr = "10.20.0.0/20",
      internetAccess = AwsInternetAccess.ENDPOINTS_ONLY,
      egressCidrs = [],
      endpoints: services = allAwsEndpoints().map((endpoint) => endpoint.id),
    } = withoutLateLists(props);
    const natSubnetCidr =
      internetAccess === AwsInternetAccess.NAT ? (props.natSubnetCidr ?? "10.20.255.240/28") : undefined;
    const late = lateProblems({ egressCidrs: props.egressCidrs, endpoints: props.endpoints });
    reportProblems(this, late);
    reportProblems(this, checkNetwork({ availabilityZone, vpcCidr, subnetCidr, natSubnetCidr, egressCidrs }));
    const tags = { Name: id };
    this.availabilityZone = availabilityZone;
    this.subnetCidr = subnetCidr;
    this.egressCidrs = natSubnetCidr === undefined ? [] : egressCidrs;
    this.reachesOutside = natSubnetCidr !== undefined && egressCidrs.length > 0;

    const vpc = new Vpc(this, "vpc", {
      cidrBlock: vpcCidr,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags,
    });
    this.vpcId = vpc.id;
    // Without rules, this closes the default group of the VPC.
    new DefaultSecurityGroup(this, "closed", { vpcId: vpc.id, tags: { Name: `${id}-unused` } });
    new VpcFlowLog(this, "flow-log", {
      name: id,
      vpcId: vpc.id,
      retentionDays: props.flowLogRetentionDays ?? 365,
      kmsKeyArn: props.flowLogKmsKeyArn,
    });
    const subnet = new Subnet(this, "subnet", {
      vpcId: vpc.id,
      cidrBlock: subnetCidr,
      availabilityZone,
      mapPublicIpOnLaunch: false,
      tags,
    });
    this.subnetId = subnet.id;
    const table = new RouteTable(this, "table", { vpcId: vpc.id, tags });
    new RouteTableAssociation(this, "association", { subnetId: subnet.id, routeTableId: table.id });
    if (natSubnetCidr !== undefined) {
      new Nat(this, "nat", {
        name: id,
        vpcId: vpc.id,
        availabilityZone,
        cidr: natSubnetCidr,
        routeTableId: table.id,
      });
    }

    const endpoints = new NetworkEndpoints(this, "endpoints", {
      name: id,
      vpcId: vpc.id,
      subnetId: subnet.id,
      routeTableId: table.id,
      services,
    });
    this.securityGroupId = new ClusterSecurityGroup(this, "machines", {
      name: id,
      vpcId: vpc.id,
      egressCidrs,
      egressPrefixListIds: [endpoints.s3PrefixListId],
      endpointSecurityGroupId: endpoints.securityGroupId,
    }).id;
    endpoints.letIn(this.securityGroupId);
    reviewPart(this, {
      kind: "network",
      what:
        natSubnetCidr === undefined ? "endpoints of AWS services" : "NAT gateway, endpoints of AWS services",
      money: moneyOf({
        prices: [
          ...(natSubnetCidr === undefined ? [] : [natGatewayPrice()]),
          endpointsPrice((props.endpoints ?? allAwsEndpoints()).length),
          unpriced("network traffic", 1),
        ],
      }),
    });
    if (props.placementGroup ?? true) {
      this.placementGroupName = new PlacementGroup(this, "placement", {
        // Such a name is unique in the account and region, and so is the network's number.
        name: `${id}-${vpc.id}`,
        strategy: "cluster",
        tags,
        // A group of an earlier version keeps its name: another one would replace all machines.
        lifecycle: { ignoreChanges: ["name"] },
      }).name;
    }
  }
}

/** Nothing can be made for each entry of a list that is known only at apply. It is reported, so nothing is written. */
function withoutLateLists<Props extends object>(props: Props): Props {
  const known = Object.entries(props).filter(([, value]) => !(value instanceof Array && isLateList(value)));
  return Object.fromEntries(known) as Props;
}
