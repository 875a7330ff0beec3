import type { TerraformProvider } from "cdktf";

/** How machines reach what is outside their network. */
export enum AwsInternetAccess {
  /** Only AWS services, through VPC endpoints: images from a private registry, models from S3. */
  ENDPOINTS_ONLY = "endpoints-only",
  /** Through a NAT gateway, the networks that `egressCidrs` names. */
  NAT = "nat",
}

/** A network that pools and storage share. All of it is in one zone: EFA does not cross zones. */
export interface IClusterNetwork {
  /** Id of the VPC. */
  readonly vpcId: string;
  /** Id of the subnet of all machines. */
  readonly subnetId: string;
  /** IPv4 CIDR of the subnet. */
  readonly subnetCidr: string;
  /** Zone of the subnet. */
  readonly availabilityZone: string;
  /** Security group of all machines. */
  readonly securityGroupId: string;
  /** Whether the group allows all traffic from and to itself, which EFA needs. */
  readonly securityGroupHasSelfRules: boolean;
  /** Cluster placement group. @default - the machines are placed anywhere in the zone */
  readonly placementGroupName?: string;
  /** Whether machines reach any network outside AWS. @default - not known */
  readonly reachesOutside?: boolean;
  /** Networks that the machines may reach over HTTP and HTTPS. @default - not known */
  readonly egressCidrs?: readonly string[];
  /** Provider of AWS that makes whatever is in the network. @default - the stack's default provider */
  readonly provider?: TerraformProvider;
}

/** A network that is created. */
export interface AwsClusterNetworkProps {
  /** Zone of all machines, e.g. `us-east-1a`; may be a Terraform variable. */
  readonly availabilityZone: string;
  /**
   * IPv4 CIDR of the VPC.
   *
   * @default '10.20.0.0/16'
   */
  readonly vpcCidr?: string;
  /**
   * IPv4 CIDR of the machines' subnet.
   *
   * @default '10.20.0.0/20'
   */
  readonly subnetCidr?: string;
  /**
   * How the machines reach what is outside.
   *
   * @default AwsInternetAccess.ENDPOINTS_ONLY
   */
  readonly internetAccess?: AwsInternetAccess;
  /**
   * IPv4 CIDR of the NAT gateway's subnet.
   *
   * @default '10.20.255.240/28'
   */
  readonly natSubnetCidr?: string;
  /**
   * Networks that the machines may reach over HTTP and HTTPS. `0.0.0.0/0` is the whole internet.
   *
   * @default - none besides the machines themselves and AWS services
   */
  readonly egressCidrs?: readonly string[];
  /**
   * AWS services with an endpoint in the network, e.g. `ssm`. S3 always has one.
   *
   * @default - all of `lib/catalog/aws-endpoints.json`
   */
  readonly endpoints?: readonly string[];
  /**
   * Whether the machines are close to one another, in a cluster placement group.
   *
   * @default true
   */
  readonly placementGroup?: boolean;
  /**
   * ARN of a KMS key that encrypts the flow log.
   *
   * @default - the key of CloudWatch
   */
  readonly flowLogKmsKeyArn?: string;
  /**
   * Provider of AWS that makes the network and all that is in it: pools, storages and clusters, e.g. in another region.
   *
   * @default - the stack's default provider
   */
  readonly provider?: TerraformProvider;
  /**
   * How long the flow log is kept, in days.
   *
   * @default 365
   */
  readonly flowLogRetentionDays?: number;
}

/** An existing VPC and subnet. */
export interface ExistingAwsNetworkProps {
  /** Id of the VPC, `vpc-…`; may be a reference. */
  readonly vpcId: string;
  /** Id of the subnet of all machines, `subnet-…`; may be a reference. */
  readonly subnetId: string;
  /** IPv4 CIDR of the subnet. */
  readonly subnetCidr: string;
  /** Zone of the subnet. */
  readonly availabilityZone: string;
  /**
   * Security group of the machines.
   *
   * @default - one is created that allows all traffic from and to itself
   */
  readonly securityGroupId?: string;
  /**
   * Whether that group allows all traffic from and to itself, by its id.
   *
   * @default - false for a group that is given
   */
  readonly securityGroupHasSelfRules?: boolean;
  /**
   * Networks that the machines may reach over HTTP and HTTPS, if the group is created.
   *
   * @default - none besides the machines themselves
   */
  readonly egressCidrs?: readonly string[];
  /**
   * Prefix lists that the machines may reach over HTTPS, if the group is created, e.g. that of the S3 endpoint.
   *
   * @default - none
   */
  readonly egressPrefixListIds?: readonly string[];
  /**
   * Security group of VPC endpoints that the machines may reach over HTTPS, if the group is created.
   *
   * @default - none
   */
  readonly endpointSecurityGroupId?: string;
  /**
   * Provider of AWS that makes all that is in the network: pools, storages and clusters, e.g. in another region.
   *
   * @default - the stack's default provider
   */
  readonly provider?: TerraformProvider;
  /**
   * Existing cluster placement group. That of a reservation is named with it (`Capacity.reservation`).
   *
   * @default - the machines are placed anywhere in the zone
   */
  readonly placementGroupName?: string;
}
