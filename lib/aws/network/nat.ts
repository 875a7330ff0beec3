import { Eip } from "@cdktf/provider-aws/lib/eip";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { Route } from "@cdktf/provider-aws/lib/route";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Construct } from "constructs";

const EVERYWHERE = "0.0.0.0/0";

/** NAT gateway for machines without public addresses, in a subnet of its own. */
export class Nat extends Construct {
  public constructor(
    scope: Construct,
    id: string,
    props: {
      readonly name: string;
      readonly vpcId: string;
      readonly availabilityZone: string;
      readonly cidr: string;
      /** Route table of the machines. */
      readonly routeTableId: string;
    },
  ) {
    super(scope, id);
    const tags = { Name: `${props.name}-nat` };
    const internet = new InternetGateway(this, "internet", { vpcId: props.vpcId, tags });
    const subnet = new Subnet(this, "subnet", {
      vpcId: props.vpcId,
      cidrBlock: props.cidr,
      availabilityZone: props.availabilityZone,
      mapPublicIpOnLaunch: false,
      tags,
    });
    const table = new RouteTable(this, "table", { vpcId: props.vpcId, tags });
    const route = new Route(this, "out", {
      routeTableId: table.id,
      destinationCidrBlock: EVERYWHERE,
      gatewayId: internet.id,
    });
    new RouteTableAssociation(this, "association", { subnetId: subnet.id, routeTableId: table.id });
    const address = new Eip(this, "address", { domain: "vpc", tags, dependsOn: [internet] });
    const gateway = new NatGateway(this, "gateway", {
      subnetId: subnet.id,
      allocationId: address.allocationId,
      tags,
      dependsOn: [route],
    });
    new Route(this, "machines", {
      routeTableId: props.routeTableId,
      destinationCidrBlock: EVERYWHERE,
      natGatewayId: gateway.id,
    });
  }
}
