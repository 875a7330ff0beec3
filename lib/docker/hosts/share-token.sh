#!/bin/sh
# Copies the cluster's token from one machine to another through a pipe: it is in no argument, environment or file of
# this machine. Environment as in on-host.sh, and for the machine that has the token:
#
#   SOURCE, SOURCE_IF_GONE, SOURCE_SSH_ARGUMENTS, SOURCE_FACTS
set -eu

here=$(dirname -- "$0")
token=$(HOST=$SOURCE IF_GONE=$SOURCE_IF_GONE SSH_ARGUMENTS=$SOURCE_SSH_ARGUMENTS FACTS=$SOURCE_FACTS sh "$here/on-host.sh" "$here/cluster-token.sh")
if [ -z "$token" ]; then
  printf '%s has no token\n' "$SOURCE" >&2
  exit 1
fi
# cluster-token.sh makes 32 bytes in hexadecimal.
case $token in
  *[!0-9a-f]*) form=no ;;
  *) form=yes ;;
esac
if [ "$form" = no ] || [ "${#token}" -ne 64 ]; then
  printf '%s: what it printed is not a token (%s characters); nothing was copied\n' "$SOURCE" "${#token}" >&2
  exit 1
fi
printf 'token %s\n' "$token" | FACTS_FROM_INPUT=1 sh "$here/on-host.sh" "$here/cluster-token.sh"
