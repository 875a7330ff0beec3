import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { IClusterNetwork } from "../network/network-props";
import { tcp } from "../network/security-group";

/** Traffic between machines and a file system: TCP ports, or all of it. */
export interface StoragePorts {
  readonly name: string;
  readonly rule: { readonly ipProtocol: string; readonly fromPort?: number; readonly toPort?: number };
}

export const NFS_PORTS: readonly StoragePorts[] = [{ name: "nfs", rule: tcp(2049) }];
export const LUSTRE_PORTS: readonly StoragePorts[] = [
  { name: "lustre", rule: tcp(988) },
  { name: "lustre-more", rule: tcp(1018, 1023) },
];
/** For EFA, rules with ports or with a CIDR do not count. */
export const EFA_PORTS: readonly StoragePorts[] = [{ name: "efa", rule: { ipProtocol: "-1" } }];

/**
 * Security group of a file system, and the rules that let the machines of a network reach it. Each rule names a group,
 * never a CIDR.
 */
export class StorageAccess extends Construct {
  public readonly securityGroupId: string;
  /** What must exist before a file system is made: FSx looks at the rules of its group at that moment, and refuses. */
  public readonly rules: readonly TerraformResource[];

  public constructor(
    scope: Construct,
    id: string,
    props: {
      readonly name: string;
      readonly network: IClusterNetwork;
      readonly ports: readonly StoragePorts[];
      /** Whether servers connect to each other and to their clients, as Lustre's do. */
      readonly bothWays: boolean;
    },
  ) {
    super(scope, id);
    const { name, network, ports, bothWays } = props;
    const group = new SecurityGroup(this, "group", {
      namePrefix: `${name}-`,
      description: `File system '${name}', reached by the machines of a Ray cluster`,
      vpcId: network.vpcId,
      tags: { Name: name },
      lifecycle: { createBeforeDestroy: true },
    });
    this.securityGroupId = group.id;
    const machines = network.securityGroupId;
    this.rules = ports.flatMap((port) => [
      ...this.connect(port, machines, group.id, "machines"),
      ...(bothWays
        ? [
            ...this.connect(port, group.id, machines, "servers"),
            ...this.connect(port, group.id, group.id, "self"),
          ]
        : []),
    ]);
  }

  /** Out of one group and into the other. */
  private connect(
    { name, rule }: StoragePorts,
    from: string,
    to: string,
    who: string,
  ): readonly TerraformResource[] {
    const description = { machines: "Machines to file system", servers: "File system to machines" }[who];
    const common = { ...rule, description: description ?? "Servers of the file system among themselves" };
    return [
      new VpcSecurityGroupEgressRule(this, `${name}-${who}-out`, {
        ...common,
        securityGroupId: from,
        referencedSecurityGroupId: to,
      }),
      new VpcSecurityGroupIngressRule(this, `${name}-${who}-in`, {
        ...common,
        securityGroupId: to,
        referencedSecurityGroupId: from,
      }),
    ];
  }
}
