import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Construct } from "constructs";
import { allow, assumedBy, type Permission } from "../policy";

/** The provider appends 26 characters to a prefix of at most 38. */
const ROLE_PREFIX = 38;

/**
 * What the agent of Session Manager asks for (docs.aws.amazon.com/systems-manager/latest/userguide/
 * getting-started-create-iam-instance-profile.html, and `ec2messages` of agents before 3.3.40). The managed policy
 * AmazonSSMManagedInstanceCore lets a machine read every parameter of the account besides.
 */
const SESSION_MANAGER: Permission = {
  actions: [
    "ssm:UpdateInstanceInformation",
    ...["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"].map(
      (action) => `ssmmessages:${action}`,
    ),
    ...["AcknowledgeMessage", "DeleteMessage", "FailMessage", "GetEndpoint", "GetMessages", "SendReply"].map(
      (action) => `ec2messages:${action}`,
    ),
  ],
  resources: ["*"],
};

/** Instance role of a pool: Session Manager, and the named permissions. */
export class InstanceRole extends Construct {
  public readonly profileName: string;
  public readonly roleName: string;

  public constructor(
    scope: Construct,
    id: string,
    props: { readonly name: string; readonly permissions: readonly Permission[] },
  ) {
    super(scope, id);
    const role = new IamRole(this, "role", {
      namePrefix: `${props.name.slice(0, ROLE_PREFIX - 1)}-`,
      description: "Machines of a Ray cluster",
      assumeRolePolicy: assumedBy("ec2.amazonaws.com"),
    });
    new IamRolePolicy(this, "session-manager", {
      namePrefix: "session-manager-",
      role: role.name,
      policy: allow([SESSION_MANAGER]),
    });
    if (props.permissions.length > 0) {
      new IamRolePolicy(this, "policy", {
        namePrefix: "named-",
        role: role.name,
        policy: allow(props.permissions),
      });
    }
    this.roleName = role.name;
    this.profileName = new IamInstanceProfile(this, "profile", {
      namePrefix: `${props.name}-`,
      role: role.name,
    }).name;
  }
}
