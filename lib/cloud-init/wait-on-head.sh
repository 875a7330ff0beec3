#!/usr/bin/env bash
# On the head's machine: waits until the head's container runs, then for its verdict (`ray_node wait`).
#
#   wait-on-head.sh SECONDS
#
#   RUN_FOLDER      has the reason of a failed boot          (/run/ray-cluster)
#   PAUSE_SECONDS   between two checks                       (2)
set -euo pipefail

readonly FAILURE="${RUN_FOLDER:-/run/ray-cluster}/failure"

main() {
  local deadline=$(($(uptime_seconds) + $1)) status text said=""
  while [ "$(uptime_seconds)" -lt "$deadline" ]; do
    if is_running; then
      status=0
      docker exec ray-cluster python3 -m ray_node wait </dev/null || status=$?
      # Any other code means that the container ended, and systemd restarts it.
      [ "$status" -gt 1 ] || exit "$status"
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

is_running() {
  [ "$(docker inspect --type container --format '{{.State.Running}}' ray-cluster 2>/dev/null)" = true ]
}

boot_state() {
  if [ -s "$FAILURE" ]; then cat "$FAILURE"; else printf 'its machine is booting\n'; fi
}

main "$@" 2>&1
