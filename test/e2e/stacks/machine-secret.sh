#!/usr/bin/env bash
# A source of secrets of the test's own: a file below /etc/machine-secrets, by its name.
set -euo pipefail
exec "${BASH_SOURCE[0]%/*}/file.sh" "/etc/machine-secrets/$1"
