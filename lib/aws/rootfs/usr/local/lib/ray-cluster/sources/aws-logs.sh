#!/usr/bin/env bash
# Writes log events to a stream of CloudWatch Logs, with the machine's instance role; makes the stream if there is none.
#
#   aws-logs.sh REGION GROUP STREAM <EVENTS    EVENTS: a JSON list, as put-log-events takes it
set -euo pipefail

main() {
  local region="$1" words stream=(--log-group-name "$2" --log-stream-name "$3")
  events="$(mktemp)"
  trap 'rm -f "$events"' EXIT
  cat >"$events"
  if ! words="$(put 2>&1)"; then
    if [[ "$words" != *ResourceNotFoundException* ]]; then
      printf '%s\n' "$words" >&2
      return 1
    fi
    aws logs create-log-stream --region "$region" "${stream[@]}"
    put >/dev/null
  fi
}

put() { aws logs put-log-events --region "$region" "${stream[@]}" --log-events "file://$events" --output text; }

main "$@"
