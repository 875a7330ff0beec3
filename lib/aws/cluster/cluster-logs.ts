import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { Construct } from "constructs";
import type { BootSource } from "../../bootstrap/boot-spec";
import type { Permission } from "../policy";
import type { AwsBackendProps } from "./backend-props";

const RETENTION_DAYS = 30;

/** Whether the machines of a cluster write their logs to CloudWatch. */
export function writesLogs({ cloudWatchLogs }: AwsBackendProps): boolean {
  return cloudWatchLogs !== false;
}

/**
 * Log group of a cluster, with a stream for each machine: `head/i-…`, `worker/i-…`. What the services of a machine write to the
 * journal, the boot included, is copied by `ship_logs.py` once the machine has its bundle; Docker's `awslogs` would begin with the container,
 * and agents of the images read files, which Amazon Linux does not write.
 */
export class ClusterLogs extends Construct {
  /** Name of the group. */
  public readonly groupName: string;
  public readonly source: BootSource;
  public readonly permissions: readonly Permission[];

  /** @param uniqueName that no other cluster of the account has */
  public constructor(
    scope: Construct,
    id: string,
    uniqueName: string,
    region: string,
    { logRetentionDays = RETENTION_DAYS, logsKmsKeyArn }: AwsBackendProps,
  ) {
    super(scope, id);
    const group = new CloudwatchLogGroup(this, "group", {
      name: `/ray-cluster/${uniqueName}`,
      retentionInDays: logRetentionDays,
      kmsKeyId: logsKmsKeyArn,
    });
    this.groupName = group.name;
    this.source = { name: "aws-logs.sh", arguments: [region, group.name] };
    this.permissions = [
      {
        actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
        // docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
        resources: [group.arn, `${group.arn}:*`],
      },
    ];
  }
}
