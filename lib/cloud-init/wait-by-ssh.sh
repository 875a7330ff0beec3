#!/bin/sh
# Waits on the machine of a head, by ssh, until its cluster is what was planned: exit code 0, else 1 after everything that
# the cluster said of itself. Constant: everything that differs comes in the environment, and nothing secret does.
#
#   CLUSTER, HEAD    names for messages
#   SSH_ARGUMENTS    arguments of ssh up to the destination, one per line
#   TIMEOUT_SECONDS  for all of it
#   PAUSE_SECONDS    between two attempts to get there (5)
set -eu

readonly ON_HEAD="${0%/*}/wait-on-head.sh"

main() {
  deadline=$(($(date +%s) + TIMEOUT_SECONDS))
  trouble=$(mktemp)
  trap 'rm -f "$trouble"' EXIT
  said=""
  set -f
  while left=$((deadline - $(date +%s))) && [ "$left" -gt 0 ]; do
    status=0
    on_head "$left" 2>"$trouble" || status=$?
    # What ssh says where it did not get there, or lost its way: the machine may be starting.
    [ "$status" -eq 255 ] || return "$status"
    say "$HEAD cannot be reached by ssh: $(tail -n 1 "$trouble")"
    sleep "${PAUSE_SECONDS:-5}"
  done
  printf "cluster '%s' is not serving: %s\n" "$CLUSTER" "${said:-there was no time to ask}"
  return 1
}

on_head() {
  IFS='
'
  # shellcheck disable=SC2029,SC2086 # constant and a number; one argument per line
  ssh $SSH_ARGUMENTS "bash -s -- $1" <"$ON_HEAD"
}

say() {
  [ "$1" = "$said" ] || printf '%s\n' "$1"
  said=$1
}

main
