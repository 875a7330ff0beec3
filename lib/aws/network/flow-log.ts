import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { FlowLog } from "@cdktf/provider-aws/lib/flow-log";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Construct } from "constructs";
import { allow, assumedBy } from "../policy";

/** Flow log of a VPC, in CloudWatch. */
export class VpcFlowLog extends Construct {
  public constructor(
    scope: Construct,
    id: string,
    props: {
      readonly name: string;
      readonly vpcId: string;
      readonly retentionDays: number;
      readonly kmsKeyArn?: string;
    },
  ) {
    super(scope, id);
    const group = new CloudwatchLogGroup(this, "group", {
      namePrefix: `/vpc/${props.name}/`,
      retentionInDays: props.retentionDays,
      kmsKeyId: props.kmsKeyArn,
    });
    const role = new IamRole(this, "role", {
      namePrefix: `${props.name.slice(0, 32)}-flow-`,
      description: "Writes the flow log of one VPC",
      assumeRolePolicy: assumedBy("vpc-flow-logs.amazonaws.com"),
    });
    const policy = new IamRolePolicy(this, "policy", {
      namePrefix: "write-",
      role: role.name,
      policy: allow([
        {
          actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
          resources: [group.arn, `${group.arn}:*`],
        },
      ]),
    });
    new FlowLog(this, "log", {
      vpcId: props.vpcId,
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: group.arn,
      iamRoleArn: role.arn,
      tags: { Name: props.name },
      dependsOn: [policy],
    });
  }
}
