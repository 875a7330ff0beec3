#!/usr/bin/env bash
# Source of a file: an http, https or file URL. The caller verifies the hash.
#
#   url.sh URL
set -euo pipefail
curl --fail --silent --show-error --location --proto '=http,https,file' "$1"
