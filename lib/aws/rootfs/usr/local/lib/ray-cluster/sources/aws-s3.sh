#!/usr/bin/env bash
# Source of a file: an object in S3, with the rights of the machine's role.
#
#   aws-s3.sh REGION URI
set -euo pipefail
aws s3 cp --region "$1" --only-show-errors "$2" -
