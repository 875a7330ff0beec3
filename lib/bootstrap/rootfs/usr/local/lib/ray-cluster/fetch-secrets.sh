#!/usr/bin/env bash
# Brings secrets into files in memory, which only root reads. A value is never an argument and never printed.
#
# Each line of `secrets`: the file's name, the source (a program of `sources/`), its arguments.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local name source words
  (umask 077 && mkdir -p "$RUN_FOLDER/secrets")
  while read -r name source words; do
    local arguments=()
    read -r -a arguments <<<"$words"
    insist "$(setting secret_seconds 600)" "no secret '$name': $source $words gave nothing" \
      fetch 0600 "$RUN_FOLDER/secrets/$name" "$PROGRAMS/sources/$source" "${arguments[@]}"
    info "secret '$name' is there"
  done <"$BOOT_FOLDER/secrets"
}

main "$@"
