#!/bin/sh
# Takes the cluster's token from a machine that has it to another one. It goes from pipe to pipe: no argument, no
# environment, no file on this machine ever holds it. Environment as in on-host.sh, and for the machine that has it:
#
#   SOURCE, SOURCE_SSH_ARGUMENTS, SOURCE_FACTS
set -eu

here=$(dirname -- "$0")
token=$(HOST=$SOURCE SSH_ARGUMENTS=$SOURCE_SSH_ARGUMENTS FACTS=$SOURCE_FACTS sh "$here/on-host.sh" "$here/cluster-token.sh")
if [ -z "$token" ]; then
  printf '%s has no token\n' "$SOURCE" >&2
  exit 1
fi
printf 'token %s\n' "$token" | FACTS_FROM_INPUT=1 sh "$here/on-host.sh" "$here/cluster-token.sh"
