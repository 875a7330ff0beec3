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
  rm -f "$RUN_FOLDER/docker-words"
  { docker run "${argv[@]}" 2>&1 >&3 | keep_words; } 3>&1 || code="${PIPESTATUS[0]}"
  [ "$code" -ne "$NOT_STARTED" ] || note_failure "Docker could not start the container of $(setting image)$(words)"
  exit "$code"
}

# Passes the messages on, and keeps what Docker itself says: its last line may only point to its help.
keep_words() {
  mkdir -p "$RUN_FOLDER"
  awk -v file="$RUN_FOLDER/docker-words" '
    { print > "/dev/stderr"; fflush("/dev/stderr") }
    /^docker: / { words = substr($0, 9) }
    END { if (words != "") print words > file }'
}

words() {
  [ ! -s "$RUN_FOLDER/docker-words" ] || printf ': %s' "$(cat "$RUN_FOLDER/docker-words")"
}

main "$@"
