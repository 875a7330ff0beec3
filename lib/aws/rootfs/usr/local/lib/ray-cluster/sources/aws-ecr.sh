#!/usr/bin/env bash
# Source of a registry's password: Amazon ECR, with the rights of the machine's role.
#
#   aws-ecr.sh REGION
set -euo pipefail
aws ecr get-login-password --region "$1"
