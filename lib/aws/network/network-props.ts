/** How machines of a cluster reach what is outside their network. */
export enum AwsInternetAccess {
  /** Not at all: AWS's services by endpoints, images from a private registry, models from S3. */
  ENDPOINTS_ONLY = "endpoints-only",
  /** By a NAT gateway, to the networks that `egressCidrs` names. */
  NAT = "nat",
}

/** A network that pools, storage and readiness share. All of it lies in one zone: EFA does not cross zones. */
export interface IClusterNetwork {
  readonly vpcId: string;
  readonly subnetId: string;
  /** IPv4 CIDR of the subnet. */
  readonly subnetCidr: string;
  readonly availabilityZone: string;
  readonly securityGroupId: string;
  /** Whether the group lets all traffic in from itself and out to itself, which EFA asks for. */
  readonly securityGroupHasSelfRules: boolean;
  /** Cluster placement group. @default - the machines are placed anywhere in the zone */
  readonly placementGroupName?: string;
  /** Whether machines reach any network outside of AWS. @default - not known */
  readonly reachesOutside?: boolean;
}

/** What may be chosen of a network. */
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
   * Networks that the machines may reach by HTTP and HTTPS. `0.0.0.0/0` is the whole internet: nobody but you opens
   * that.
   *
   * @default - none but the machines themselves and AWS's services
   */
  readonly egressCidrs?: readonly string[];
  /**
   * Services with an endpoint in the network, e.g. `ssm`. S3 always has one.
   *
   * @default - all of `lib/catalog/aws-endpoints.json`
   */
  readonly endpoints?: readonly string[];
  /**
   * Whether the machines stand close to one another, in a cluster placement group.
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
   * How long the flow log is kept, in days.
   *
   * @default 365
   */
  readonly flowLogRetentionDays?: number;
}

/** A VPC and a subnet that exist. */
export interface ExistingAwsNetworkProps {
  readonly vpcId: string;
  readonly subnetId: string;
  /** IPv4 CIDR of the subnet. */
  readonly subnetCidr: string;
  /** Zone of the subnet. */
  readonly availabilityZone: string;
  /**
   * Security group of the machines.
   *
   * @default - one is made, which names itself in and out
   */
  readonly securityGroupId?: string;
  /**
   * Whether that group lets all traffic in from itself and out to itself, by its id.
   *
   * @default - false for a group that is given
   */
  readonly securityGroupHasSelfRules?: boolean;
  /**
   * Networks that a group that is made lets the machines reach by HTTP and HTTPS.
   *
   * @default - none but the machines themselves
   */
  readonly egressCidrs?: readonly string[];
  /**
   * Prefix lists that a group that is made lets the machines reach by HTTPS, e.g. that of S3's endpoint.
   *
   * @default - none
   */
  readonly egressPrefixListIds?: readonly string[];
  /**
   * Security group of the endpoints that the machines may reach by HTTPS.
   *
   * @default - none
   */
  readonly endpointSecurityGroupId?: string;
  /**
   * Cluster placement group that exists, for example the one of a reservation.
   *
   * @default - the machines are placed anywhere in the zone
   */
  readonly placementGroupName?: string;
}
