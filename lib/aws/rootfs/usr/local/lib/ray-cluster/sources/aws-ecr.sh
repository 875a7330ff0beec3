#!/usr/bin/env bash
# Prints the password of Amazon ECR, with the machine's instance role.
#
#   aws-ecr.sh REGION
set -euo pipefail
aws ecr get-login-password --region "$1"
