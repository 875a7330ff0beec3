import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { Construct } from "constructs";
import type { BootSource } from "../../bootstrap/boot-spec";
import type { Permission } from "../policy";

/** How long logs are kept, unless the user says otherwise. */
export const LOG_RETENTION_DAYS = 30;

/** Where the logs of a cluster are, also of machines that are gone. */
interface ClusterLogsProps {
  /** That no other cluster of the account has. */
  readonly uniqueName: string;
  readonly region: string;
  readonly retentionDays: number;
  /** @default - the key of CloudWatch */
  readonly kmsKeyArn?: string;
}

/**
 * Log group of a cluster, with a stream for each machine: `head/i-…`, `worker/i-…`. What the services of a machine write to the
 * journal, the boot included, is copied by `ship_logs.py` once the machine has its bundle; Docker's `awslogs` would begin with the container,
 * and agents of the images read files, which Amazon Linux does not write.
 */
export class ClusterLogs extends Construct {
  /** @internal */
  public readonly _group: CloudwatchLogGroup;
  public readonly source: BootSource;
  public readonly permissions: readonly Permission[];

  public constructor(scope: Construct, id: string, props: ClusterLogsProps) {
    super(scope, id);
    this._group = new CloudwatchLogGroup(this, "group", {
      name: `/ray-cluster/${props.uniqueName}`,
      retentionInDays: props.retentionDays,
      kmsKeyId: props.kmsKeyArn,
    });
    this.source = { name: "aws-logs.sh", arguments: [props.region, this._group.name] };
    this.permissions = [
      {
        actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
        // docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
        resources: [this._group.arn, `${this._group.arn}:*`],
      },
    ];
  }
}
