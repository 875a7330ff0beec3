#!/usr/bin/env bash
# Source of a value: a parameter of AWS Systems Manager, with the rights of the machine's role. Fails as long as there is
# none.
#
#   aws-parameter.sh REGION NAME
set -euo pipefail
aws ssm get-parameter --region "$1" --name "$2" --query Parameter.Value --output text
