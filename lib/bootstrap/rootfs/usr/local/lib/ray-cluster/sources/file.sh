#!/usr/bin/env bash
# Source of a secret: a file that somebody has put on the machine, and that only root reads.
#
#   file.sh PATH
set -euo pipefail

main() {
  local path="$1" mode
  mode="$(stat -c '%u %a' "$path")"
  case "$mode" in
    "0 400" | "0 600") cat "$path" ;;
    *)
      printf '%s: must belong to root and be closed to all others (owner and mode are %s)\n' "$path" "$mode" >&2
      exit 1
      ;;
  esac
}

main "$@"
