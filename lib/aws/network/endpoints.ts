import { DataAwsRegion } from "@cdktf/provider-aws/lib/data-aws-region";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { Construct } from "constructs";
import { tcp } from "./security-group";

export interface NetworkEndpointsProps {
  readonly name: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly routeTableId: string;
  /** Services with an interface of their own; S3 comes by a route, for nothing. */
  readonly services: readonly string[];
}

/** Services of AWS inside a network that has no way out of it. */
export class NetworkEndpoints extends Construct {
  /** Addresses of S3, for rules of security groups. */
  public readonly s3PrefixListId: string;
  /** Group of the interfaces; `undefined` without any. */
  public readonly securityGroupId?: string;

  public constructor(scope: Construct, id: string, props: NetworkEndpointsProps) {
    super(scope, id);
    // The region of the provider, which needs no call: a zone's name does not always begin with it.
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

  /** Lets the machines of a group reach the interfaces. */
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
