#!/usr/bin/env bash
# Asks a cluster one question through its OpenAI-compatible API, with curl. Needs curl and jq.
#
#   inference_test.sh [ENDPOINT] [QUESTION]
#
# ENDPOINT: as `terraform output` prints it, http://127.0.0.1:8000 when left out.
# An API key is taken from the file that API_KEY_FILE names.
set -euo pipefail

main() {
  local endpoint="${1:-http://127.0.0.1:8000}" question="${2:-Who is there?}" model
  model="$(ask "$endpoint/v1/models" | jq --exit-status --raw-output '.data[0].id')" ||
    fatal "$endpoint/v1/models names no model"
  info "$endpoint serves '$model'"
  request "$model" "$question" |
    ask "$endpoint/v1/chat/completions" --data @- |
    jq --exit-status --raw-output '.choices[0].message.content' ||
    fatal "$endpoint/v1/chat/completions gave no answer"
}

request() {
  jq --null-input --arg model "$1" --arg question "$2" \
    '{model: $model, messages: [{role: "user", content: $question}], max_tokens: 64, temperature: 0}'
}

ask() {
  local url="$1"
  shift
  # The key comes from a file descriptor: arguments are for everybody to read.
  curl --silent --show-error --fail-with-body --max-time 120 \
    --header 'Content-Type: application/json' --header @<(authorization) "$@" "$url"
}

authorization() {
  if [ -n "${API_KEY_FILE:-}" ]; then
    printf 'Authorization: Bearer %s\n' "$(cat "$API_KEY_FILE")"
  fi
}

info() {
  echo "$*" >&2
}

fatal() {
  echo "error: $*" >&2
  exit 1
}

main "$@"
