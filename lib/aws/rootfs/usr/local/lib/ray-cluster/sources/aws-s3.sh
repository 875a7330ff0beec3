#!/usr/bin/env bash
# Prints an object of S3, with the machine's instance role.
#
#   aws-s3.sh REGION URI [NAME]    NAME: of the object, where the URI is what precedes it
set -euo pipefail
aws s3 cp --region "$1" --only-show-errors "$2${3:-}" -
