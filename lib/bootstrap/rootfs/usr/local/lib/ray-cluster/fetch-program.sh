#!/usr/bin/env bash
# Brings the files of the container, as one file, and compares it with its hash. What is there already is kept.
#
# The line of `program`: the source (a program of `sources/`), its arguments; empty: the file came with the machine.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

readonly FILE="$STATE_FOLDER/host/files.json"

main() {
  local words=()
  mkdir -p "${FILE%/*}"
  read -r -a words <"$BOOT_FOLDER/program" || true
  if ! is_right; then
    [ "${#words[@]}" -gt 0 ] || fatal "$FILE is not what this machine was made with"
    bring "${words[@]}"
  fi
  info "the container's files are there"
}

is_right() {
  [ -f "$FILE" ] && printf '%s  %s\n' "$(setting program_sha256)" "$FILE" | sha256sum --check --status
}

bring() {
  local source="$1"
  attempt "$(setting program_seconds 600)" fetch 0644 "$FILE" "$PROGRAMS/sources/$source" "${@:2}" ||
    fatal "no files for the container: $* gave nothing"
  is_right || fatal "the container's files have another hash than $(setting program_sha256): $*"
}

main "$@"
