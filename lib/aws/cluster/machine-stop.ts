import type { BootStop } from "../../bootstrap/boot-spec";
import type { Permission } from "../policy";
import { CLUSTER_TAG } from "../pool/node-pool";
import type { SiteDecisions } from "./site-decisions";

/** After the last group may have got its machines; then the deployment waits for the cluster, or has failed. */
const UNASKED_MARGIN_SECONDS = 1800;

/**
 * How the head ends the machines of a cluster that has never served.
 *
 * @param tag value of `CLUSTER_TAG`, which no other cluster of the account has
 * @returns `undefined` where the user lets them go on
 */
export function machineStop(
  { props, pools }: SiteDecisions,
  region: string,
  tag: string,
): BootStop | undefined {
  if (props.onFailure !== "stop") {
    return undefined;
  }
  const capacityMinutes = Math.max(...pools.map(({ machines }) => machines.capacityTimeoutMinutes));
  return {
    source: { name: "aws-stop.sh", arguments: [region, tag] },
    unaskedSeconds: capacityMinutes * 60 + UNASKED_MARGIN_SECONDS,
  };
}

/** What the head needs for that: it may list everything, and change only what has the tag. */
export function stopPermissions(partition: string, region: string, tag: string): readonly Permission[] {
  const onlyTagged = { key: CLUSTER_TAG, value: tag };
  return [
    // Neither takes a resource (docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html).
    { actions: ["autoscaling:DescribeAutoScalingGroups", "ec2:DescribeInstances"], resources: ["*"] },
    {
      actions: ["autoscaling:UpdateAutoScalingGroup"],
      resources: [`arn:${partition}:autoscaling:${region}:*:autoScalingGroup:*:autoScalingGroupName/*`],
      onlyTagged,
    },
    {
      actions: ["ec2:TerminateInstances"],
      resources: [`arn:${partition}:ec2:${region}:*:instance/*`],
      onlyTagged,
    },
  ];
}
