#!/bin/sh
# Runs a script on another machine over ssh, with facts on its standard input. The script is constant: everything that
# differs is in the environment, and none of it is secret.
#
#   on-host.sh <script>
#
#   HOST                the machine, for messages
#   SSH_ARGUMENTS       arguments of ssh up to the destination, one per line
#   FACTS               input of the script, one fact per line
#   FINDINGS=1          the script prints findings (see check-machine.sh); checks that passed are only counted
#   FACTS_FROM_INPUT=1  reads further facts, which may be secret, from standard input
set -eu

# Reads the length of a script, then the script; the rest of the input is for the script. Works in every login shell.
readonly REMOTE="sh -c 'read -r n && s=\$(head -c \"\$n\") && exec bash -c \"\$s\" on-host'"

main() {
  # For the sockets of shared connections (see ssh.ts).
  [ -d ~/.ssh ] || (umask 077 && mkdir -p ~/.ssh)
  set -f
  status=0
  output=$(input "$1" | on_host) || status=$?
  if [ "$status" -eq 255 ]; then
    printf '%s: cannot be reached over ssh; its message is above\n' "$HOST" >&2
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
  printf '%s: %s checks passed\n' "$HOST" "$(printf '%s\n' "$1" | grep -c '^ok ')"
  printf '%s\n' "$1" | while read -r outcome topic text; do
    case "$outcome" in
      ok | "") ;;
      *) printf '%s: %s: %s: %s\n' "$HOST" "$outcome" "$topic" "$text" ;;
    esac
  done
}

main "$@"
