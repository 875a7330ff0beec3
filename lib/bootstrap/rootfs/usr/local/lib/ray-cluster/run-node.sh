#!/usr/bin/env bash
# Becomes the container of this node. Each line of `argv` is one argument of `docker run`.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local argv=()
  mapfile -t argv <"$BOOT_FOLDER/argv"
  # Left over where the machine lost power.
  docker rm --force "$(setting container)" >/dev/null 2>&1 || true
  exec docker run "${argv[@]}"
}

main "$@"
