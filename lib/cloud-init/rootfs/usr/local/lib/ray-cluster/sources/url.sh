#!/usr/bin/env bash
# Source of a file: an address that the machine reaches, by http, https or file. What comes is compared with its hash
# by who asks for it.
#
#   url.sh URL
set -euo pipefail
curl --fail --silent --show-error --location --proto '=http,https,file' "$1"
