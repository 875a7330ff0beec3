#!/usr/bin/env bash
# Brings files to the machine's own disk, once in the life of the disk: an attempt that is cut off goes on where it
# was, and a reboot finds all of it.
#
# Each line of `stages`: the folder, the source (a program of `sources/`), its arguments; the folder is the last one.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local folder source words
  while read -r folder source words; do
    local arguments=()
    read -r -a arguments <<<"$words"
    # Beside the folder, so that nobody takes it for one of the files.
    if [ "$(cat "$folder.staged" 2>/dev/null)" = "$source $words" ]; then
      info "the files of $folder are there"
      continue
    fi
    rm -f "$folder.staged"
    mkdir -p "$folder"
    insist "$(setting stage_seconds 7200)" "no files in $folder: $source $words has failed" \
      "$PROGRAMS/sources/$source" "${arguments[@]}" "$folder" </dev/null
    printf '%s\n' "$source $words" >"$folder.staged"
    info "the files of $folder are there now"
  done <"$BOOT_FOLDER/stages"
}

main "$@"
