#!/usr/bin/env bash
# On the machine of a head: waits for its container, then for its cluster as a gate does, which names the culprit of a failure.
#
#   wait-on-head.sh SECONDS
#
#   RUN_FOLDER      where a boot says what it could not do   (/run/ray-cluster)
#   PAUSE_SECONDS   between two looks                        (2)
set -euo pipefail

readonly FAILURE="${RUN_FOLDER:-/run/ray-cluster}/failure"

main() {
  local deadline=$((SECONDS + $1)) status text said=""
  while [ "$SECONDS" -lt "$deadline" ]; do
    if is_running; then
      status=0
      docker exec ray-cluster python3 -m ray_node wait </dev/null || status=$?
      # Any other code is the container's end, and systemd begins again.
      [ "$status" -gt 1 ] || exit "$status"
    fi
    text="$(boot_state)"
    [ "$text" = "$said" ] || printf 'the head: %s\n' "$text"
    said="$text"
    sleep "${PAUSE_SECONDS:-2}"
  done
  printf 'the cluster is not serving: the container of the head does not run: %s\n' "$said"
  exit 1
}

is_running() {
  [ "$(docker inspect --type container --format '{{.State.Running}}' ray-cluster 2>/dev/null)" = true ]
}

boot_state() {
  if [ -s "$FAILURE" ]; then cat "$FAILURE"; else printf 'its machine boots\n'; fi
}

main "$@" 2>&1
