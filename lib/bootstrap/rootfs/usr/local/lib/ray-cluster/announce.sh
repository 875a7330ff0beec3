#!/usr/bin/env bash
# Signals whether this node is ready: the head sends the verdict of the readiness check, and every machine reports a boot
# that keeps failing. Runs beside the node.
#
# The line of `announce`: the source of the signal URL (a program of `sources/`), its arguments. Whoever knows the URL can
# send signals, so only a file of root's holds it. Each URL gets one signal.
#
#   PAUSE_SECONDS   between two checks   (10)
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

readonly ADDRESS="$RUN_FOLDER/announce/address"
readonly ANSWERED="$STATE_FOLDER/host/announced"
readonly PAUSE_SECONDS="${PAUSE_SECONDS:-10}"
# Exit code of coreutils' `timeout`.
readonly TIMED_OUT=124
readonly GATE=ray-cluster-gate

# In SECONDS: since when the boot has been failing, and since when this URL has been known.
failing_since="" waiting_since="" waiting_at="" calm=0 last_trouble=""

main() {
  (umask 077 && mkdir -p "$RUN_FOLDER/announce")
  mkdir -p "${ANSWERED%/*}"
  while true; do
    look
    sleep "$PAUSE_SECONDS"
  done
}

look() {
  watch_boot
  # Healthy workers do not ask for the URL: a thousand of them would overload its source.
  if ! is_head && ! is_failing; then return; fi
  if ! has_address || is_answered; then return; fi
  start_clock
  if is_failing || [ "$(left)" -le 0 ]; then
    answer FAILURE < <(boot_trouble)
  elif is_running; then
    ask_cluster
  fi
}

is_head() { [ "$(setting role)" = head ]; }

start_clock() {
  local address
  address="$(sha256sum <"$ADDRESS")"
  [ "$address" = "$waiting_at" ] || waiting_since="$SECONDS"
  waiting_at="$address"
}

left() { printf '%s\n' "$(($(setting announce_seconds) - SECONDS + waiting_since))"; }

# A failure that is gone at one check may return at the next: the boot has started again.
watch_boot() {
  if [ -s "$RUN_FOLDER/failure" ]; then
    calm=0
    failing_since="${failing_since:-$SECONDS}"
  else
    calm=$((calm + 1))
    [ "$calm" -lt 2 ] || failing_since=""
  fi
}

is_failing() {
  [ -s "$RUN_FOLDER/failure" ] && [ -n "$failing_since" ] && [ $((SECONDS - failing_since)) -ge "$(setting announce_boot_seconds)" ]
}

has_address() {
  local source words trouble arguments=()
  read -r source words <"$BOOT_FOLDER/announce"
  read -r -a arguments <<<"$words"
  fetch 0600 "$ADDRESS" "$PROGRAMS/sources/$source" "${arguments[@]}" 2>"$RUN_FOLDER/announce/trouble" && return
  trouble="$(tail -n 1 "$RUN_FOLDER/announce/trouble")"
  [ "$trouble" = "$last_trouble" ] || info "waiting for the signal URL: $trouble"
  last_trouble="$trouble"
  return 1
}

is_answered() { [ "$(cat "$ANSWERED" 2>/dev/null)" = "$(sha256sum <"$ADDRESS")" ]; }

# Before that the head has no state, and the readiness check would take it for dead.
is_running() { [ -n "$(docker ps --quiet --filter "name=^$(setting container)\$" 2>/dev/null || true)" ]; }

# `ray_node wait` in a container of its own, since the node's may restart meanwhile. A cluster that has failed tries again.
ask_cluster() {
  local said="$RUN_FOLDER/announce/said" argv=() code=0 seconds
  # 0 would be no limit.
  seconds="$(left)" && [ "$seconds" -gt 0 ] || seconds=1
  mapfile -t argv <"$BOOT_FOLDER/gate"
  docker rm --force "$GATE" >/dev/null 2>&1 || true
  timeout --kill-after=10 "$seconds" docker run "${argv[@]}" >"$said" 2>&1 || code=$?
  # Without a verdict the readiness check itself could not run.
  sed -n "/^cluster '/,\$p" "$said" >"$said.verdict"
  if [ "$code" -eq 0 ]; then
    answer SUCCESS <"$said.verdict"
  elif [ "$code" -eq "$TIMED_OUT" ]; then
    answer FAILURE < <(printf '%s: timed out after %s s: the cluster is not serving\n' "$(who)" "$(setting announce_seconds)" && tail -n 15 "$said")
  elif [ -s "$said.verdict" ]; then
    answer FAILURE <"$said.verdict"
  else
    info "the readiness check could not run: $(tail -n 1 "$said")"
  fi
}

# answer <status>: the reason comes on standard input.
answer() {
  local text name=head
  text="$(cat)"
  is_head || name="$(hostname)"
  info "$1: $text"
  if attempt 120 put "$1" "$name" "$text"; then
    sha256sum <"$ADDRESS" >"$ANSWERED"
  fi
}

put() { python3 "$PROGRAMS/put_signal.py" "$ADDRESS" "$1" "$2" <<<"$3"; }

who() {
  local addresses
  addresses="$(hostname -I)"
  printf '%s (%s)\n' "$(setting node "$(hostname)")" "${addresses%% *}"
}

boot_trouble() {
  printf '%s: %s\n' "$(who)" "$(cat "$RUN_FOLDER/failure" 2>/dev/null || echo "the container is not running")"
  echo "last log lines of the boot:"
  # A step that is repeated prints the same lines.
  journalctl --no-pager -n 100 -o cat -u ray-cluster.service 2>&1 | uniq | tail -n 15 || true
}

main "$@"
