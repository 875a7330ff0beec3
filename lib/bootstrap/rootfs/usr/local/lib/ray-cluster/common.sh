#!/usr/bin/env bash
# Functions that the steps of a boot share. Values are read from files below BOOT_FOLDER and are never executed.
#
#   BOOT_FOLDER     configuration of this machine         (/etc/ray-cluster/boot)
#   RUN_FOLDER      state of this boot                    (/run/ray-cluster)
#   STATE_FOLDER    state that survives a reboot          (/var/lib/ray-cluster)
#   RETRY_SECONDS   pause between two attempts            (5)

readonly BOOT_FOLDER="${BOOT_FOLDER:-/etc/ray-cluster/boot}"
readonly RUN_FOLDER="${RUN_FOLDER:-/run/ray-cluster}"
readonly STATE_FOLDER="${STATE_FOLDER:-/var/lib/ray-cluster}"
readonly RETRY_SECONDS="${RETRY_SECONDS:-5}"

info() { printf 'ray-cluster: %s\n' "$*"; }

fatal() {
  printf 'ray-cluster: %s\n' "$*" >&2
  note_failure "$*"
  exit 1
}

# The reason that a deployment shows. It stays until a later attempt succeeds.
note_failure() {
  mkdir -p "$RUN_FOLDER"
  printf '%s\n' "$*" >"$RUN_FOLDER/failure"
}

# setting <key> [default]: one line `key=value` of the settings.
setting() {
  local key value
  while IFS='=' read -r key value; do
    if [ "$key" = "$1" ]; then
      printf '%s\n' "$value"
      return
    fi
  done <"$BOOT_FOLDER/settings"
  printf '%s\n' "${2:-}"
}

# uptime_seconds: of the machine. Not bash's SECONDS, which follows the wall clock: at a first boot that is often set by
# hours while something waits.
uptime_seconds() {
  local up
  read -r up _ <"${UPTIME_FILE:-/proc/uptime}"
  printf '%s\n' "${up%%.*}"
}

# attempt <seconds> <command>...: repeats it until it succeeds or the time is up.
attempt() {
  local deadline=$(($(uptime_seconds) + $1))
  shift
  until "$@"; do
    [ "$(uptime_seconds)" -lt "$deadline" ] || return 1
    sleep "$RETRY_SECONDS"
  done
}

# insist <seconds> <message> <command>...: the same for a command that must succeed. The message is noted from the first
# failure on, because the timeout may be long.
insist() {
  local deadline=$(($(uptime_seconds) + $1)) message="$2"
  shift 2
  until "$@"; do
    note_failure "$message"
    [ "$(uptime_seconds)" -lt "$deadline" ] || fatal "$message"
    sleep "$RETRY_SECONDS"
  done
  rm -f "$RUN_FOLDER/failure"
}

# quietly <command>...: prints its output only if it fails.
quietly() {
  local output
  if ! output="$("$@" 2>&1)"; then
    printf '%s\n' "$output" >&2
    return 1
  fi
}

# fetch <mode> <destination> <source> <argument>...: stores what a source prints, completely or not at all.
fetch() {
  local mode="$1" destination="$2" source="$3"
  shift 3
  local part="$destination.part"
  # Closed to other users from the start. The source must not consume the standard input of its caller.
  (umask 077 && "$source" "$@" </dev/null >"$part" && [ -s "$part" ]) || return 1
  chmod "$mode" "$part" && mv "$part" "$destination"
}
