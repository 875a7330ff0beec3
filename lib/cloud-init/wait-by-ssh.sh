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
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  said=""
  set -f
  # Once at least, however slow this machine is.
  left=$TIMEOUT_SECONDS
  while [ "$left" -gt 0 ]; do
    ended "$left" 2>"$work/trouble" | shown
    status=$(cat "$work/status")
    # The connection failed or was lost: the machine may be starting.
    [ "$status" -eq 255 ] || return "$status"
    say "cannot reach $HEAD over ssh: $(tail -n 1 "$work/trouble" | printable)"
    sleep "${PAUSE_SECONDS:-5}"
    left=$((deadline - $(now)))
  done
  printf "cluster '%s' is not serving: %s\n" "$CLUSTER" "${said:-no attempt was made}"
  return 1
}

# Runs it, and keeps its exit code, which a pipe would lose.
ended() {
  code=0
  on_head "$1" || code=$?
  printf '%s\n' "$code" >"$work/status"
}

# Each line as it comes.
shown() {
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s\n' "$line" | printable
  done
}

# Without what a terminal obeys: control characters but tab and line feed, those of eight bits, too.
printable() {
  LC_ALL=C tr -d '\000-\010\013-\037\177' | LC_ALL=C sed "s/$(printf '\302')[$(printf '\200')-$(printf '\237')]//g"
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
