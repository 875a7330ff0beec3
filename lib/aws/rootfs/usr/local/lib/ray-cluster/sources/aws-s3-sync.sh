#!/usr/bin/env bash
# Copies the objects below an S3 prefix into a folder, with the machine's instance role. Files that are there already with
# the same size and time are kept.
#
#   aws-s3-sync.sh REGION URI FOLDER
set -euo pipefail

settings="$(mktemp)"
trap 'rm -f "$settings"' EXIT
# Many connections at once: by default the AWS CLI uses this client only on a few instance types.
printf '[default]\ns3 =\n  preferred_transfer_client = crt\n' >"$settings"
AWS_CONFIG_FILE="$settings" aws s3 sync --region "$1" --only-show-errors "$2" "$3"
