#!/bin/sh
# Runs a script on another machine over ssh, with facts on its standard input. The script is constant: everything that
# differs is in the environment, and none of it is secret.
#
#   on-host.sh <script>
#
#   HOST                the machine, for messages
#   IF_GONE             what to write where, if the machine is gone for good
#   SSH_ARGUMENTS       arguments of ssh up to the destination, one per line
#   FACTS               input of the script, one fact per line
#   FINDINGS=1          the script prints findings (see check-machine.sh); checks that passed are only counted
#   FACTS_FROM_INPUT=1  reads further facts, which may be secret, from standard input
#
# What the login shell of the machine prints by itself is never taken for output of the script, which stands between two
# lines with a mark that is new for each call. A machine that somebody else has may print anything: it has an end here, and
# nothing that a terminal obeys.
set -eu

# Reads the mark, the length of a script, then the script; the rest of the input is for the script. Works in every login
# shell. host-shell.ts has the same protocol.
readonly REMOTE="sh -c 'read -r m n && s=\$(head -c \"\$n\") && printf \"\\n%s\\n\" \"\$m\" && { bash -c \"\$s\" on-host; r=\$?; printf \"\\n%s\\n\" \"\$m\"; exit \"\$r\"; }'"

# Of each output.
readonly LIMIT_BYTES=4194304

main() {
  # For the sockets of shared connections (see ssh.ts).
  [ -d ~/.ssh ] || (umask 077 && mkdir -p ~/.ssh)
  set -f
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mark="on-host-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
  printed=$({ ended "$1" 2>&1 >&3 | bounded >&2; } 3>&1 | bounded)
  status=$(cat "$work/status")
  output=$(printf '%s\n' "$printed" | part inside)
  stray=$(printf '%s\n' "$printed" | part outside)
  if [ "$status" -eq 255 ]; then
    printf '%s: cannot be reached over ssh; its message is above. %s\n' "$HOST" "$IF_GONE" >&2
  elif [ "${FINDINGS:-0}" = 1 ]; then
    if [ -n "$stray" ]; then
      output="$output
problem shell its login shell prints '$(printf '%s\n' "$stray" | head -n 1)' for every command, which breaks Docker over ssh; let .bashrc and profile.d print in interactive shells only"
      status=1
    fi
    findings "$output"
  elif [ -n "$output" ]; then
    printf '%s\n' "$output"
  fi
  return "$status"
}

# Runs it, and keeps its exit code, which a pipe would lose.
ended() {
  code=0
  input "$1" | on_host || code=$?
  printf '%s\n' "$code" >"$work/status"
}

bounded() { head -c "$LIMIT_BYTES" | printable; }

# Without what a terminal obeys: control characters but tab and line feed, those of eight bits, too.
printable() {
  LC_ALL=C tr -d '\000-\010\013-\037\177' | LC_ALL=C sed "s/$(printf '\302')[$(printf '\200')-$(printf '\237')]//g"
}

input() {
  printf '%s %s\n' "$mark" "$(wc -c <"$1")"
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

# part inside|outside: the lines between the marks, or all others that hold anything.
part() {
  awk -v mark="$mark" -v wanted="$1" '
    $0 == mark { marks++; next }
    wanted == "inside" && marks == 1 { print }
    wanted == "outside" && marks != 1 && NF { print }'
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
