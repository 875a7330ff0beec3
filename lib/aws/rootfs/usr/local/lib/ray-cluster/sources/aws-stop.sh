#!/usr/bin/env bash
# Ends the machines of a cluster, with the machine's instance role: the groups of workers first, which would make others,
# then the head, on which this runs. All of them have the tag `ray-cluster`.
#
#   aws-stop.sh REGION CLUSTER    CLUSTER: value of the tag
set -euo pipefail

main() {
  local region="$1" filter="Name=tag:ray-cluster,Values=$2" groups heads=() found group
  # Names and numbers between tabs.
  groups="$(aws autoscaling describe-auto-scaling-groups --region "$region" --filters "$filter" \
    --query 'AutoScalingGroups[].AutoScalingGroupName' --output text)"
  for group in $groups; do
    aws autoscaling update-auto-scaling-group --region "$region" --auto-scaling-group-name "$group" \
      --min-size 0 --desired-capacity 0
  done
  found="$(aws ec2 describe-instances --region "$region" \
    --filters "$filter" Name=instance-state-name,Values=pending,running \
    --query 'Reservations[].Instances[].InstanceId' --output text)"
  read -r -a heads <<<"$found"
  [ "${#heads[@]}" -eq 0 ] || aws ec2 terminate-instances --region "$region" --instance-ids "${heads[@]}" --output text
}

main "$@"
