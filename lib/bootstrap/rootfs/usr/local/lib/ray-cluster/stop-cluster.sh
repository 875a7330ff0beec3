#!/usr/bin/env bash
# Ends the machines of a cluster that has never served, where its user wants it: the line of `stop` has a source, which ends
# them, and its arguments. announce.sh says what has happened:
#
#   stop-cluster.sh SUCCESS                    the cluster serves; it is never ended from here
#   stop-cluster.sh FAILURE                    this head has signalled a failure
#   stop-cluster.sh unasked TROUBLE ASKED      nothing asks for a signal; ASKED is empty where nothing ever did
#
#   GONE_SECONDS    how long a question may be gone that has no answer: another machine's failure has ended it   (300)
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

readonly SERVED="$STATE_FOLDER/host/served"
readonly UNASKED="$RUN_FOLDER/announce/unasked"

main() {
  case "$1" in
  SUCCESS) touch "$SERVED" ;;
  FAILURE) stop "it has failed" ;;
  unasked) stop_if_forgotten "$2" "$3" ;;
  esac
}

# Only where the source says that there is no question: a network that fails for minutes ends nothing.
stop_if_forgotten() {
  local limit now since
  if [[ "$1" != *NotFound* ]]; then
    rm -f "$UNASKED"
    return
  fi
  limit="${GONE_SECONDS:-300}"
  [ -n "$2" ] || limit="$(setting stop_unasked_seconds 0)"
  now="$(uptime_seconds)"
  [ -e "$UNASKED" ] || printf '%s\n' "$now" >"$UNASKED"
  since="$(cat "$UNASKED")"
  [ "$((now - since))" -lt "$limit" ] || stop "no deployment waits for it any longer"
}

stop() {
  local source words arguments=()
  if ! [ -s "$BOOT_FOLDER/stop" ] || [ -e "$SERVED" ]; then return 0; fi
  read -r source words <"$BOOT_FOLDER/stop"
  read -r -a arguments <<<"$words"
  info "ending the machines of this cluster, which has never served: $1"
  "$PROGRAMS/sources/$source" "${arguments[@]}" </dev/null || info "the machines could not be ended; trying again"
}

main "$@"
