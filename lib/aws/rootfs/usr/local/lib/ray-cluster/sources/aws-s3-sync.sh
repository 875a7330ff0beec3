#!/usr/bin/env bash
# Fills a folder with the objects below a prefix of S3, with the rights of the machine's role. Files that are there already,
# as large and as new, stay.
#
#   aws-s3-sync.sh REGION URI FOLDER
set -euo pipefail

settings="$(mktemp)"
trap 'rm -f "$settings"' EXIT
# Many connections at once: the command line takes this client by itself on a few types of machines only.
printf '[default]\ns3 =\n  preferred_transfer_client = crt\n' >"$settings"
AWS_CONFIG_FILE="$settings" aws s3 sync --region "$1" --only-show-errors "$2" "$3"
