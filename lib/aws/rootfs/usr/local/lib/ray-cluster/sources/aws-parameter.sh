#!/usr/bin/env bash
# Prints a parameter of AWS Systems Manager, with the machine's instance role. Fails while it does not exist.
#
#   aws-parameter.sh REGION NAME
set -euo pipefail
aws ssm get-parameter --region "$1" --name "$2" --query Parameter.Value --output text
