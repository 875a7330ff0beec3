#!/bin/sh
# Brings the workload to a cluster's head over ssh, and waits for its verdict about this one: exit code 0 when the cluster
# serves, else another one and the reason. Constant for every cluster; the environment has its values, and no secret:
#
#   CLUSTER, HEAD    names for messages
#   WORKLOAD         what the cluster is to run, as JSON
#   SSH_ARGUMENTS    arguments of ssh up to the destination, one per line
#   TIMEOUT_SECONDS  for all of it
#   PAUSE_SECONDS    between two attempts to connect (5)
set -eu

readonly ON_HEAD="${0%/*}/wait-on-head.sh"

# Seconds of a clock that nobody sets, where the machine has one.
now() {
  if [ -r /proc/uptime ]; then cut -d. -f1 /proc/uptime; else date +%s; fi
}

main() {
  deadline=$(($(now) + TIMEOUT_SECONDS))
  trouble=$(mktemp)
  trap 'rm -f "$trouble"' EXIT
  said=""
  set -f
  # Once at least, however slow this machine is.
  left=$TIMEOUT_SECONDS
  while [ "$left" -gt 0 ]; do
    status=0
    on_head "$left" 2>"$trouble" || status=$?
    # The connection failed or was lost: the machine may be starting.
    [ "$status" -eq 255 ] || return "$status"
    say "cannot reach $HEAD over ssh: $(tail -n 1 "$trouble")"
    sleep "${PAUSE_SECONDS:-5}"
    left=$((deadline - $(now)))
  done
  printf "cluster '%s' is not serving: %s\n" "$CLUSTER" "${said:-no attempt was made}"
  return 1
}

# After its own lines the program reads who brings the workload, and the workload.
on_head() {
  IFS='
'
  # shellcheck disable=SC2029,SC2086 # constant and a number; one argument per line
  { cat "$ON_HEAD" && printf '%s\n%s' "$(id -un)@$(hostname)" "$WORKLOAD"; } | ssh $SSH_ARGUMENTS "bash -s -- $1"
}

say() {
  [ "$1" = "$said" ] || printf '%s\n' "$1"
  said=$1
}

main
