#!/usr/bin/env bash
# Source of a secret: a file on the machine that only root can read.
#
#   file.sh PATH
set -euo pipefail

main() {
  local path="$1" mode
  mode="$(stat -c '%u %a' "$path")"
  case "$mode" in
    "0 400" | "0 600") cat "$path" ;;
    *)
      printf '%s: must be owned by root with mode 0400 or 0600, got user id and mode %s\n' "$path" "$mode" >&2
      exit 1
      ;;
  esac
}

main "$@"
