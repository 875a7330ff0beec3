import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { PlacementGroup } from "@cdktf/provider-aws/lib/placement-group";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { Annotations } from "cdktf";
import { Construct } from "constructs";
import { allAwsEndpoints } from "../../catalog/aws-endpoints";
import { constrainProvider } from "../../terraform/provider-versions";
import { NetworkEndpoints } from "./endpoints";
import { VpcFlowLog } from "./flow-log";
import { known } from "../known";
import { Nat } from "./nat";
import {
  type AwsClusterNetworkProps,
  AwsInternetAccess,
  type ExistingAwsNetworkProps,
  type IClusterNetwork,
} from "./network-props";
import { checkEgress, checkNetwork } from "./network-rules";
import { refuse } from "../problems";
import { ClusterSecurityGroup } from "./security-group";

/**
 * A network for machines with EFA: one private subnet in one zone. Nobody reaches the machines from outside, and
 * they reach nothing outside that is not named. The construct's id is the name of what is created.
 */
export class AwsClusterNetwork extends Construct implements IClusterNetwork {
  /**
   * A VPC and a subnet that exist. Without a security group of your own one is made in that VPC.
   */
  public static fromExisting(scope: Construct, id: string, props: ExistingAwsNetworkProps): IClusterNetwork {
    return new ExistingNetwork(scope, id, props);
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
  public readonly reachesOutside: boolean;

  /** @throws AwsPlanError with everything that is wrong with the declaration */
  public constructor(scope: Construct, id: string, props: AwsClusterNetworkProps) {
    super(scope, id);
    constrainProvider(this, "aws");
    const spec = {
      availabilityZone: known(props.availabilityZone),
      vpcCidr: props.vpcCidr ?? "10.20.0.0/16",
      subnetCidr: props.subnetCidr ?? "10.20.0.0/20",
      natSubnetCidr: props.natSubnetCidr ?? "10.20.255.240/28",
      internetAccess: props.internetAccess ?? AwsInternetAccess.ENDPOINTS_ONLY,
      egressCidrs: props.egressCidrs ?? [],
    };
    refuse(`network '${id}'`, checkNetwork(spec));
    const tags = { Name: id };
    this.availabilityZone = props.availabilityZone;
    this.subnetCidr = spec.subnetCidr;
    this.reachesOutside = spec.internetAccess === AwsInternetAccess.NAT && spec.egressCidrs.length > 0;

    const vpc = new Vpc(this, "vpc", {
      cidrBlock: spec.vpcCidr,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags,
    });
    this.vpcId = vpc.id;
    // Without rules here, this closes the group that every VPC has.
    new DefaultSecurityGroup(this, "closed", { vpcId: vpc.id, tags: { Name: `${id}-unused` } });
    new VpcFlowLog(this, "flow-log", {
      name: id,
      vpcId: vpc.id,
      retentionDays: props.flowLogRetentionDays ?? 365,
      kmsKeyArn: props.flowLogKmsKeyArn,
    });
    const subnet = new Subnet(this, "subnet", {
      vpcId: vpc.id,
      cidrBlock: spec.subnetCidr,
      availabilityZone: props.availabilityZone,
      mapPublicIpOnLaunch: false,
      tags,
    });
    this.subnetId = subnet.id;
    const table = new RouteTable(this, "table", { vpcId: vpc.id, tags });
    new RouteTableAssociation(this, "association", { subnetId: subnet.id, routeTableId: table.id });
    if (spec.internetAccess === AwsInternetAccess.NAT) {
      new Nat(this, "nat", {
        name: id,
        vpcId: vpc.id,
        availabilityZone: props.availabilityZone,
        cidr: spec.natSubnetCidr,
        routeTableId: table.id,
      });
    }

    const endpoints = new NetworkEndpoints(this, "endpoints", {
      name: id,
      vpcId: vpc.id,
      subnetId: subnet.id,
      routeTableId: table.id,
      services: props.endpoints ?? allAwsEndpoints().map((endpoint) => endpoint.id),
    });
    this.securityGroupId = new ClusterSecurityGroup(this, "machines", {
      name: id,
      vpcId: vpc.id,
      egressCidrs: spec.egressCidrs,
      egressPrefixListIds: [endpoints.s3PrefixListId],
      endpointSecurityGroupId: endpoints.securityGroupId,
    }).id;
    endpoints.letIn(this.securityGroupId);
    if (props.placementGroup ?? true) {
      this.placementGroupName = new PlacementGroup(this, "placement", {
        name: id,
        strategy: "cluster",
        tags,
      }).name;
    }
    if (spec.egressCidrs.includes("0.0.0.0/0")) {
      Annotations.of(this).addWarning("egressCidrs: the machines reach the whole internet");
    }
  }
}

class ExistingNetwork extends Construct implements IClusterNetwork {
  public readonly vpcId: string;
  public readonly subnetId: string;
  public readonly subnetCidr: string;
  public readonly availabilityZone: string;
  public readonly securityGroupId: string;
  public readonly securityGroupHasSelfRules: boolean;
  public readonly placementGroupName?: string;

  public constructor(scope: Construct, id: string, props: ExistingAwsNetworkProps) {
    super(scope, id);
    constrainProvider(this, "aws");
    refuse(`network '${id}'`, checkEgress(props.egressCidrs ?? []));
    this.vpcId = props.vpcId;
    this.subnetId = props.subnetId;
    this.subnetCidr = props.subnetCidr;
    this.availabilityZone = props.availabilityZone;
    this.placementGroupName = props.placementGroupName;
    this.securityGroupHasSelfRules =
      props.securityGroupId === undefined || (props.securityGroupHasSelfRules ?? false);
    this.securityGroupId =
      props.securityGroupId ??
      new ClusterSecurityGroup(this, "machines", {
        name: id,
        vpcId: props.vpcId,
        egressCidrs: props.egressCidrs ?? [],
        egressPrefixListIds: props.egressPrefixListIds ?? [],
        endpointSecurityGroupId: props.endpointSecurityGroupId,
      }).id;
  }
}
