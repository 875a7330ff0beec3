#!/bin/sh
# Asks the head of a cluster for its verdict over HTTP (GET /ready on its report port) until the cluster serves: exit code 0.
# Ends with 1 and the reason as soon as the cluster has failed, or when the time is up. Constant for every cluster:
#
#   CLUSTER, HEAD    names for messages
#   REPORT_URL       base URL of the head's report port
#   TIMEOUT_SECONDS  for all of it
#   PAUSE_SECONDS    between two requests (2)
set -eu

# Seconds of a clock that nobody sets, where the machine has one.
now() {
  if [ -r /proc/uptime ]; then cut -d. -f1 /proc/uptime; else date +%s; fi
}

main() {
  url="${REPORT_URL%/}/ready"
  deadline=$(($(now) + TIMEOUT_SECONDS))
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  said=""
  # Once at least, however slow this machine is.
  left=$TIMEOUT_SECONDS
  while [ "$left" -gt 0 ]; do
    case $(verdict "$left") in
      serving)
        say "$(text)"
        return 0
        ;;
      failed)
        say "$(text)"
        printf '  to try again after the repair, on %s: systemctl restart ray-cluster\n' "$HEAD"
        return 1
        ;;
      waiting) say "$(text)" ;;
      *) say "$(trouble)" ;;
    esac
    sleep "${PAUSE_SECONDS:-2}"
    left=$((deadline - $(now)))
  done
  printf "cluster '%s' is not serving: timed out after %s s: %s\n" "$CLUSTER" "$TIMEOUT_SECONDS" "${said:-no request was made}"
  printf '  asked: %s\n  look on %s: docker exec ray-cluster python3 -m ray_node status\n' "$url" "$HEAD"
  printf '  if its container is not running: /run/ray-cluster/failure\n'
  return 1
}

# verdict SECONDS: that of the head; nothing where something else answers, or nobody.
verdict() {
  : >"$work/answer"
  ask "$1" >"$work/status" 2>"$work/error" || return 0
  line | sed -nE 's/.*"verdict" *: *"(waiting|serving|failed)".*/\1/p'
}

# An answer may have no end: its file has no more than 2 MiB (blocks are 512 or 1024 bytes).
ask() (
  ulimit -f 2048
  curl --silent --show-error --noproxy '*' --connect-timeout 10 --max-time "$(least "$1" 30)" \
    --output "$work/answer" --write-out '%{http_code}' "$url"
)

# The sentences of the answer.
text() {
  line | sed -nE 's/.*"text" *: *"(([^"\\]|\\.)*)".*/\1/p' | awk '{
    out = ""
    while (match($0, /\\./)) {
      code = substr($0, RSTART + 1, 1)
      out = out substr($0, 1, RSTART - 1) (code == "n" ? "\n" : code == "t" ? "\t" : code == "u" ? "\\u" : code)
      $0 = substr($0, RSTART + 2)
    }
    print out $0
  }' | printable
}

# The answer without line breaks and control characters.
line() { tr -d '\000-\037' <"$work/answer" && echo; }

# Without what a terminal obeys: control characters but tab and line feed, those of eight bits, too.
printable() {
  LC_ALL=C tr -d '\000-\010\013-\037\177' | LC_ALL=C sed "s/$(printf '\302')[$(printf '\200')-$(printf '\237')]//g"
}

trouble() {
  if [ -s "$work/error" ]; then
    printf 'no answer from %s: %s\n' "$url" "$(tail -n 1 "$work/error" | printable)"
  else
    printf '%s answers HTTP %s without a verdict: is this the report port of %s?\n' "$url" "$(cat "$work/status")" "$HEAD"
  fi
}

least() { if [ "$1" -lt "$2" ]; then echo "$1"; else echo "$2"; fi; }

say() {
  [ "$1" = "$said" ] || printf '%s\n' "$1"
  said=$1
}

main
