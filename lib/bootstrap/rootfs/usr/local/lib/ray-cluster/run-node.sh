#!/usr/bin/env bash
# Runs the container of this node and exits with its code. Each line of `argv` is one argument of `docker run`.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

# Exit code of `docker run` where the container did not start.
readonly NOT_STARTED=125

main() {
  local argv=() code=0
  mapfile -t argv <"$BOOT_FOLDER/argv"
  # Left over from a power failure.
  docker rm --force "$(setting container)" >/dev/null 2>&1 || true
  docker run "${argv[@]}" || code=$?
  [ "$code" -ne "$NOT_STARTED" ] || note_failure "Docker could not start the container of $(setting image)"
  exit "$code"
}

main "$@"
