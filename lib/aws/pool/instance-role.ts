import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition";
import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Construct } from "constructs";
import { allow, assumedBy, type Permission } from "../policy";

/** The provider appends 26 characters to a prefix of at most 38. */
const ROLE_PREFIX = 38;

/** Instance role of a pool: Session Manager, and the named permissions. */
export class InstanceRole extends Construct {
  public readonly profileName: string;

  public constructor(
    scope: Construct,
    id: string,
    props: { readonly name: string; readonly permissions: readonly Permission[] },
  ) {
    super(scope, id);
    const partition = new DataAwsPartition(this, "partition");
    const role = new IamRole(this, "role", {
      namePrefix: `${props.name.slice(0, ROLE_PREFIX - 1)}-`,
      description: "Machines of a Ray cluster",
      assumeRolePolicy: assumedBy("ec2.amazonaws.com"),
    });
    new IamRolePolicyAttachment(this, "session-manager", {
      role: role.name,
      policyArn: `arn:${partition.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore`,
    });
    if (props.permissions.length > 0) {
      new IamRolePolicy(this, "policy", {
        namePrefix: "named-",
        role: role.name,
        policy: allow(props.permissions),
      });
    }
    this.profileName = new IamInstanceProfile(this, "profile", {
      namePrefix: `${props.name}-`,
      role: role.name,
    }).name;
  }
}
