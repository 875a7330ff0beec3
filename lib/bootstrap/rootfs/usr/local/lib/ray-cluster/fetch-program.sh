#!/usr/bin/env bash
# Fetches the bundle that all machines of the cluster share, verifies its hash, and unpacks the further programs of this
# boot. A bundle that is present already is kept.
#
# The line of `program`: the source (a program of `sources/`), its arguments; empty: the bundle is part of the user data.
#
#   HOST_ROOT   prefix of all unpacked paths, for tests   (empty)
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

readonly FILE="$STATE_FOLDER/host/bundle.json"

main() {
  local words=()
  mkdir -p "${FILE%/*}"
  read -r -a words <"$BOOT_FOLDER/program" || true
  if ! is_right; then
    bring "${words[@]}"
    is_right || fatal "the node program from ${words[*]:-user data} does not have the SHA-256 $(setting program_sha256)"
  fi
  python3 "$PROGRAMS/unpack_files.py" --host "$FILE" "${HOST_ROOT:-}" || fatal "cannot unpack $FILE"
  info "the node program is unpacked"
}

is_right() {
  [ -f "$FILE" ] && printf '%s  %s\n' "$(setting program_sha256)" "$FILE" | sha256sum --check --status
}

bring() {
  if [ $# = 0 ]; then
    python3 "$PROGRAMS/restore_bundle.py" "${FILE%json}b85" "$FILE" || true
    return
  fi
  insist "$(setting program_seconds 600)" "could not fetch the node program: $* failed or returned nothing" \
    fetch 0644 "$FILE" "$PROGRAMS/sources/$1" "${@:2}"
}

main "$@"
