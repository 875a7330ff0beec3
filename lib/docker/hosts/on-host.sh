#!/bin/sh
# Runs a script on another machine by ssh, with facts on its standard input. Constant: everything that differs
# comes in the environment, and nothing secret does.
#
#   on-host.sh <script>
#
#   HOST              how the machine is called in messages
#   SSH_ARGUMENTS     arguments of ssh up to the destination, one per line
#   FACTS             what the script reads, one fact per line
#   FINDINGS=1        the script prints findings (see check-machine.sh): those that are well are only counted
#   FACTS_FROM_INPUT=1  further facts come on standard input: that is the way of a secret
set -eu

# Reads a script's length and the script, and leaves the rest to it. Understood by every login shell.
readonly REMOTE="sh -c 'read -r n && s=\$(head -c \"\$n\") && exec bash -c \"\$s\" on-host'"

main() {
  # The folder of the connections that are kept open (see ssh.ts).
  [ -d ~/.ssh ] || (umask 077 && mkdir -p ~/.ssh)
  set -f
  status=0
  output=$(input "$1" | on_host) || status=$?
  if [ "$status" -eq 255 ]; then
    printf '%s cannot be reached by ssh; what ssh said stands above\n' "$HOST" >&2
  elif [ "${FINDINGS:-0}" = 1 ]; then
    findings "$output"
  elif [ -n "$output" ]; then
    printf '%s\n' "$output"
  fi
  return "$status"
}

input() {
  wc -c <"$1"
  cat "$1"
  printf '%s\n' "$FACTS" "clock $(date +%s)"
  if [ "${FACTS_FROM_INPUT:-0}" = 1 ]; then
    cat
  fi
}

on_host() {
  IFS='
'
  # shellcheck disable=SC2029,SC2086 # constant; one argument per line
  ssh $SSH_ARGUMENTS "$REMOTE"
}

findings() {
  printf '%s: %s checks are well\n' "$HOST" "$(printf '%s\n' "$1" | grep -c '^ok ')"
  printf '%s\n' "$1" | while read -r outcome topic text; do
    case "$outcome" in
      ok | "") ;;
      *) printf '%s: %s: %s: %s\n' "$HOST" "$outcome" "$topic" "$text" ;;
    esac
  done
}

main "$@"
