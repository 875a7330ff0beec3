import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { Construct } from "constructs";

/** What the machines may reach besides each other. */
interface ClusterSecurityGroupProps {
  readonly name: string;
  readonly vpcId: string;
  readonly egressCidrs: readonly string[];
  readonly egressPrefixListIds: readonly string[];
  /** Group of the endpoints. @default - none */
  readonly endpointSecurityGroupId?: string;
}

const HTTPS = 443;
/** Packages of Debian and Ubuntu are signed and travel over HTTP. */
const PORTS_OF_EGRESS = [80, HTTPS];

/**
 * Security group of the machines. It allows all traffic from and to itself, by its id: for EFA a CIDR does not count.
 * Nothing else gets in.
 */
export class ClusterSecurityGroup extends Construct {
  public readonly id: string;

  public constructor(scope: Construct, id: string, props: ClusterSecurityGroupProps) {
    super(scope, id);
    const tags = { Name: props.name };
    const group = new SecurityGroup(this, "group", {
      namePrefix: `${props.name}-`,
      description: "Machines of a Ray cluster: they reach one another, nobody else reaches them.",
      vpcId: props.vpcId,
      tags,
      lifecycle: { createBeforeDestroy: true },
    });
    this.id = group.id;
    const common = { securityGroupId: group.id, tags };
    const all = { ipProtocol: "-1", referencedSecurityGroupId: group.id };
    new VpcSecurityGroupIngressRule(this, "in-self", {
      ...common,
      ...all,
      description: "All traffic from the machines themselves, which EFA needs",
    });
    new VpcSecurityGroupEgressRule(this, "out-self", {
      ...common,
      ...all,
      description: "All traffic to the machines themselves, which EFA needs",
    });
    props.egressPrefixListIds.forEach((prefixListId, index) => {
      new VpcSecurityGroupEgressRule(this, `out-prefixes-${index}`, {
        ...common,
        ...tcp(HTTPS),
        prefixListId,
        description: "HTTPS to a service of AWS",
      });
    });
    if (props.endpointSecurityGroupId !== undefined) {
      new VpcSecurityGroupEgressRule(this, "out-endpoints", {
        ...common,
        ...tcp(HTTPS),
        referencedSecurityGroupId: props.endpointSecurityGroupId,
        description: "HTTPS to the endpoints in the network",
      });
    }
    for (const [index, cidrIpv4] of props.egressCidrs.entries()) {
      for (const port of PORTS_OF_EGRESS) {
        new VpcSecurityGroupEgressRule(this, `out-${index}-${port}`, {
          ...common,
          ...tcp(port),
          cidrIpv4,
          description: `Port ${port} of a network that egressCidrs names`,
        });
      }
    }
  }
}

/** A TCP port, or a range of them, of a security group rule. */
export function tcp(port: number, to = port): { ipProtocol: string; fromPort: number; toPort: number } {
  return { ipProtocol: "tcp", fromPort: port, toPort: to };
}
