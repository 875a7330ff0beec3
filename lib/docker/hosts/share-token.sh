#!/bin/sh
# Takes the cluster's token from the head's machine to another one. It goes from pipe to pipe: no argument, no
# environment, no file on this machine ever holds it. Environment as in on-host.sh, and for the head:
#
#   HEAD, HEAD_SSH_ARGUMENTS, HEAD_FACTS
set -eu

here=$(dirname -- "$0")
token=$(HOST=$HEAD SSH_ARGUMENTS=$HEAD_SSH_ARGUMENTS FACTS=$HEAD_FACTS sh "$here/on-host.sh" "$here/cluster-token.sh")
if [ -z "$token" ]; then
  printf '%s has no token\n' "$HEAD" >&2
  exit 1
fi
printf 'token %s\n' "$token" | FACTS_FROM_INPUT=1 sh "$here/on-host.sh" "$here/cluster-token.sh"
