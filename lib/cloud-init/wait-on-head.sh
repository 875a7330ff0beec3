#!/usr/bin/env bash
# On the head's machine: waits until the head's container runs, brings it the workload, and waits for its verdict about this
# one (`ray_node wait --workload`).
#
#   wait-on-head.sh SECONDS   the input: a line that says who brings the workload, then the workload
#
#   RUN_FOLDER      has the reason of a failed boot          (/run/ray-cluster)
#   PAUSE_SECONDS   between two checks                       (2)
set -euo pipefail

readonly FAILURE="${RUN_FOLDER:-/run/ray-cluster}/failure"
# Exit code of the readiness check for a workload that it cannot use.
readonly BAD_WORKLOAD=2

main() {
  local deadline=$(($(uptime_seconds) + $1)) status text said=""
  BROUGHT="$(mktemp)"
  trap 'rm -f "$BROUGHT"' EXIT
  cat >"$BROUGHT"
  while [ "$(uptime_seconds)" -lt "$deadline" ]; do
    if is_running; then
      status=0
      ask || status=$?
      # Any other code means that the container ended, and systemd restarts it.
      [ "$status" -gt "$BAD_WORKLOAD" ] || exit "$status"
    fi
    text="$(boot_state)"
    [ "$text" = "$said" ] || printf 'the head: %s\n' "$text"
    said="$text"
    sleep "${PAUSE_SECONDS:-2}"
  done
  printf "the cluster is not serving: the head's container is not running: %s\n" "$said"
  exit 1
}

# Not SECONDS, which follows the wall clock: that is set while a machine boots.
uptime_seconds() { cut -d. -f1 /proc/uptime; }

# In the head's container, which keeps no copy of what it was brought.
ask() {
  # shellcheck disable=SC2016 # expanded in the container
  docker exec --interactive ray-cluster sh -c '
    brought=$(mktemp -d) && trap "rm -rf $brought" EXIT
    read -r who && printf "%s\n" "$who" >"$brought/who" && cat >"$brought/workload.json"
    python3 -m ray_node wait --workload "$brought/workload.json" --holder "$brought/who"' <"$BROUGHT"
}

is_running() {
  [ "$(docker inspect --type container --format '{{.State.Running}}' ray-cluster 2>/dev/null)" = true ]
}

boot_state() {
  if [ -s "$FAILURE" ]; then cat "$FAILURE"; else printf 'its machine is booting\n'; fi
}

main "$@" 2>&1
