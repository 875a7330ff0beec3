import { DataAwsRegion } from "@cdktf/provider-aws/lib/data-aws-region";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { Construct } from "constructs";
import { tcp } from "./security-group";

interface NetworkEndpointsProps {
  readonly name: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly routeTableId: string;
  /** Services with an interface endpoint; S3 has a gateway endpoint, which is free. */
  readonly services: readonly string[];
}

/** VPC endpoints of AWS services, for a network without a route to the internet. */
export class NetworkEndpoints extends Construct {
  /** Prefix list of S3, for security group rules. */
  public readonly s3PrefixListId: string;
  /** Group of the interfaces; `undefined` without any. */
  public readonly securityGroupId?: string;

  public constructor(scope: Construct, id: string, props: NetworkEndpointsProps) {
    super(scope, id);
    // Known to the provider without a call; a zone's name does not always begin with its region.
    const region = new DataAwsRegion(this, "region");
    const common = { vpcId: props.vpcId, tags: { Name: props.name } };
    const s3 = new VpcEndpoint(this, "s3", {
      ...common,
      vpcEndpointType: "Gateway",
      serviceName: `com.amazonaws.${region.id}.s3`,
      routeTableIds: [props.routeTableId],
    });
    this.s3PrefixListId = s3.prefixListId;
    if (props.services.length === 0) {
      return;
    }
    const group = new SecurityGroup(this, "group", {
      namePrefix: `${props.name}-endpoints-`,
      description: "Endpoints of services of AWS, reached by the machines of a Ray cluster",
      vpcId: props.vpcId,
      tags: common.tags,
      lifecycle: { createBeforeDestroy: true },
    });
    this.securityGroupId = group.id;
    for (const service of props.services) {
      new VpcEndpoint(this, service.replace(".", "-"), {
        ...common,
        vpcEndpointType: "Interface",
        serviceName: `com.amazonaws.${region.id}.${service}`,
        subnetIds: [props.subnetId],
        securityGroupIds: [group.id],
        privateDnsEnabled: true,
      });
    }
  }

  /** Lets the machines of a security group reach the interfaces. */
  public letIn(securityGroupId: string): void {
    if (this.securityGroupId !== undefined) {
      new VpcSecurityGroupIngressRule(this, "in-machines", {
        securityGroupId: this.securityGroupId,
        referencedSecurityGroupId: securityGroupId,
        ...tcp(443),
        description: "HTTPS from the machines",
      });
    }
  }
}
