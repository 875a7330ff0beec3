#!/usr/bin/env bash
# Fetches secrets into files in memory that only root can read. A value is never an argument and never printed.
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
    insist "$(setting secret_seconds 600)" "could not fetch secret '$name': $source $words failed or returned nothing" \
      fetch 0600 "$RUN_FOLDER/secrets/$name" "$PROGRAMS/sources/$source" "${arguments[@]}"
    info "fetched secret '$name'"
  done <"$BOOT_FOLDER/secrets"
}

main "$@"
