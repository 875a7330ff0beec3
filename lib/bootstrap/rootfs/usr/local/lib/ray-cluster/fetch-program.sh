#!/usr/bin/env bash
# Brings what all machines of the cluster share, as one file, compares it with its hash, and takes it apart: the files of
# the container, and the further programs of this boot. What is there already is kept.
#
# The line of `program`: the source (a program of `sources/`), its arguments; empty: the file came with the machine.
#
#   HOST_ROOT   begins the path of each program   (empty)
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
    [ "${#words[@]}" -gt 0 ] || fatal "$FILE is not what this machine was made with"
    bring "${words[@]}"
  fi
  python3 "$PROGRAMS/unpack_bundle.py" "$FILE" "$STATE_FOLDER/host/files.json" "${HOST_ROOT:-}" ||
    fatal "$FILE cannot be taken apart"
  info "the container's files are there"
}

is_right() {
  [ -f "$FILE" ] && printf '%s  %s\n' "$(setting program_sha256)" "$FILE" | sha256sum --check --status
}

bring() {
  local source="$1"
  insist "$(setting program_seconds 600)" "no files for the container: $* gave nothing" \
    fetch 0644 "$FILE" "$PROGRAMS/sources/$source" "${@:2}"
  is_right || fatal "the container's files have another hash than $(setting program_sha256): $*"
}

main "$@"
