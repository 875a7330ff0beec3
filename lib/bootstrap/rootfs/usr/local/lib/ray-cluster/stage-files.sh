#!/usr/bin/env bash
# Copies files to the machine's own disk, once for each disk: an interrupted attempt is resumed, and a reboot finds them
# complete.
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
    # Beside the folder, so that it is not one of the files.
    if [ "$(cat "$folder.staged" 2>/dev/null)" = "$source $words" ]; then
      info "$folder is staged already"
      continue
    fi
    rm -f "$folder.staged"
    mkdir -p "$folder"
    insist "$(setting stage_seconds 7200)" "could not stage files into $folder: $source $words failed" \
      "$PROGRAMS/sources/$source" "${arguments[@]}" "$folder" </dev/null
    printf '%s\n' "$source $words" >"$folder.staged"
    info "staged files into $folder"
  done <"$BOOT_FOLDER/stages"
}

main "$@"
