#!/usr/bin/env bash
# A source of secrets as somebody would write it: asks another program, by the name of the secret.
set -euo pipefail
vault kv get -field=value "$1"
