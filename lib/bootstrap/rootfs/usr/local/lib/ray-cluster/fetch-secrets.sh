#!/usr/bin/env bash
# Fetches secrets into files in memory that only root can read. A value is never an argument and never printed.
#
# Each line of `secrets`: the file's name, the source (a program of `sources/`), its arguments. `model-secrets` is the same
# for what the head's container takes away at each start, and has a folder of its own.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local list
  for list in secrets model-secrets; do
    [ ! -s "$BOOT_FOLDER/$list" ] || fetch_all "$list"
  done
}

# fetch_all <list>: into the folder of its name.
fetch_all() {
  local folder="$RUN_FOLDER/$1" name source words
  (umask 077 && mkdir -p "$folder")
  while read -r name source words; do
    local arguments=()
    read -r -a arguments <<<"$words"
    insist "$(setting secret_seconds 600)" "could not fetch secret '$name': $source $words failed or returned nothing" \
      fetch 0600 "$folder/$name" "$PROGRAMS/sources/$source" "${arguments[@]}"
    info "fetched secret '$name'"
  done <"$BOOT_FOLDER/$1"
}

main "$@"
