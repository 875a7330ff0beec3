#!/usr/bin/env bash
# What the steps of a boot share. Values come from files below BOOT_FOLDER; nothing in them is ever run.
#
#   BOOT_FOLDER     what this machine is to be            (/etc/ray-cluster/boot)
#   RUN_FOLDER      what must not outlive a boot          (/run/ray-cluster)
#   STATE_FOLDER    what may                              (/var/lib/ray-cluster)
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

# Where a deployment looks for it; it stays until the boot gets further.
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

# attempt <seconds> <command>...: until it succeeds or the time is over.
attempt() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep "$RETRY_SECONDS"
  done
}

# insist <seconds> <message> <command>...: the same, for what must succeed. From its first failure on the message lies
# where a deployment looks for it, as the time may be long.
insist() {
  local deadline=$((SECONDS + $1)) message="$2"
  shift 2
  until "$@"; do
    note_failure "$message"
    [ "$SECONDS" -lt "$deadline" ] || fatal "$message"
    sleep "$RETRY_SECONDS"
  done
  rm -f "$RUN_FOLDER/failure"
}

# quietly <command>...: its output matters only if it fails.
quietly() {
  local output
  if ! output="$("$@" 2>&1)"; then
    printf '%s\n' "$output" >&2
    return 1
  fi
}

# fetch <mode> <destination> <source> <argument>...: what a source prints, whole or not at all.
fetch() {
  local mode="$1" destination="$2" source="$3"
  shift 3
  local part="$destination.part"
  # No other user may read it in between; and the source must not eat what the caller reads line by line.
  (umask 077 && "$source" "$@" </dev/null >"$part" && [ -s "$part" ]) || return 1
  chmod "$mode" "$part" && mv "$part" "$destination"
}
