#!/usr/bin/env bash
# Brings the workload that is asked for to the head, and signals whether this node is ready: the head sends the verdict of
# the readiness check about that workload, and every machine reports a boot that keeps failing. Runs beside the node.
#
# The first line of `announce`: a source (a program of `sources/`), its arguments. It prints what is asked for: the signal
# URL, the number of a workload, for how many seconds the head may try, and how a failure ends. Whoever knows the URL can
# send signals, so only a file of root's holds it. Each URL gets one signal. A second line is the source of another URL, to
# which the head says that it has booted.
# The line of `workloads`: a source, its arguments; the name of a workload's file is one more.
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
# Exit code of the readiness check for a workload that it cannot use.
readonly BAD_WORKLOAD=2
readonly WORKLOAD="$STATE_FOLDER/host/workload.json"

# Seconds of the machine's uptime: since when the boot has been failing, and since when this URL has been known.
failing_since="" waiting_since="" waiting_at="" greeted_at="" calm=0 last_trouble=""
# Of what is asked for: number of the workload, seconds, last line of a failure, and why there is no verdict yet.
number="" seconds="" after="" hindrance=""

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
  # Healthy workers do not ask: a thousand of them would overload the source.
  if ! is_head && ! is_failing; then return; fi
  if ! is_asked; then
    stop_cluster unasked "$last_trouble" "$waiting_at"
    return
  fi
  if is_answered; then return; fi
  start_clock
  if is_failing || [ "$(left)" -le 0 ]; then
    answer FAILURE < <(boot_trouble)
  elif greet && is_running; then
    ask_cluster
  fi
}

is_head() { [ "$(setting role)" = head ]; }

start_clock() {
  local address
  read -r _ number seconds after <"$ADDRESS" || true
  address="$(sha256sum <"$ADDRESS")"
  [ "$address" != "$waiting_at" ] || return 0
  waiting_at="$address" waiting_since="$(uptime_seconds)" hindrance=""
  rm -f "$RUN_FOLDER/announce/unasked"
}

# Once for each URL that it waits at, and before anything that takes long: without it the deployment ends early.
greet() {
  local source words arguments=() address="$RUN_FOLDER/announce/booted"
  { read -r _ && read -r source words; } <"$BOOT_FOLDER/announce" || return 0
  if ! is_head || [ "$greeted_at" = "$waiting_at" ]; then return; fi
  read -r -a arguments <<<"$words"
  if fetch 0600 "$address" "$PROGRAMS/sources/$source" "${arguments[@]}" &&
    python3 "$PROGRAMS/put_signal.py" "$address" SUCCESS head <<<"booted"; then
    greeted_at="$waiting_at" hindrance=""
    return
  fi 2>"$RUN_FOLDER/announce/trouble"
  hindered "could not say that this machine has booted: $(tail -n 1 "$RUN_FOLDER/announce/trouble")"
  return 1
}

left() { printf '%s\n' "$((seconds - $(uptime_seconds) + waiting_since))"; }

# A failure that is gone at one check may return at the next: the boot has started again.
watch_boot() {
  if [ -s "$RUN_FOLDER/failure" ]; then
    calm=0
    failing_since="${failing_since:-$(uptime_seconds)}"
  else
    calm=$((calm + 1))
    [ "$calm" -lt 2 ] || failing_since=""
  fi
}

is_failing() {
  [ -s "$RUN_FOLDER/failure" ] && [ -n "$failing_since" ] && [ $(($(uptime_seconds) - failing_since)) -ge "$(setting announce_boot_seconds)" ]
}

is_asked() {
  local source words trouble arguments=()
  read -r source words <"$BOOT_FOLDER/announce"
  read -r -a arguments <<<"$words"
  fetch 0600 "$ADDRESS" "$PROGRAMS/sources/$source" "${arguments[@]}" 2>"$RUN_FOLDER/announce/trouble" && return
  trouble="$(tail -n 1 "$RUN_FOLDER/announce/trouble")"
  [ "$trouble" = "$last_trouble" ] || info "nothing asks for a signal: $trouble"
  last_trouble="$trouble"
  return 1
}

is_answered() { [ "$(cat "$ANSWERED" 2>/dev/null)" = "$(sha256sum <"$ADDRESS")" ]; }

# Before that the head has no state, and the readiness check would take it for dead.
is_running() { [ -n "$(docker ps --quiet --filter "name=^$(setting container)\$" 2>/dev/null || true)" ]; }

# `ray_node wait` in a container of its own, since the node's may restart meanwhile. A cluster that has failed tries again;
# while it rolls out another workload it refuses this one, which is brought again afterwards.
ask_cluster() {
  local said="$RUN_FOLDER/announce/said" argv=() code=0 limit
  bring_workload || return 0
  # 0 would be no limit.
  limit="$(left)" && [ "$limit" -gt 0 ] || limit=1
  mapfile -t argv <"$BOOT_FOLDER/gate"
  docker rm --force "$GATE" >/dev/null 2>&1 || true
  timeout --kill-after=10 "$limit" docker run "${argv[@]}" >"$said" 2>&1 || code=$?
  sed -n "/^cluster '/,\$p" "$said" >"$said.verdict"
  if [ "$code" -eq 0 ]; then
    answer SUCCESS <"$said.verdict"
  elif [ "$code" -eq "$TIMED_OUT" ]; then
    answer FAILURE < <(printf '%s: timed out after %s s: the cluster is not serving\n' "$(who)" "$seconds" && tail -n 15 "$said")
  elif [ -s "$said.verdict" ]; then
    answer FAILURE <"$said.verdict"
  elif [ "$code" -eq "$BAD_WORKLOAD" ]; then
    answer FAILURE < <(printf '%s: the node program cannot use workload %s\n' "$(who)" "$number" && tail -n 15 "$said")
  else
    hindered "the readiness check has no verdict: $(tail -n 1 "$said")"
  fi
}

# A workload is what its number says, or it is not brought.
bring_workload() {
  local source words arguments=() found
  read -r source words <"$BOOT_FOLDER/workloads"
  read -r -a arguments <<<"$words"
  if ! fetch 0644 "$WORKLOAD" "$PROGRAMS/sources/$source" "${arguments[@]}" "$number.json" 2>"$RUN_FOLDER/announce/trouble"; then
    hindered "could not fetch workload $number: $(tail -n 1 "$RUN_FOLDER/announce/trouble")"
    return 1
  fi
  found="$(sha256sum <"$WORKLOAD")"
  [ "${found:0:12}" = "$number" ] || {
    hindered "what was fetched as workload $number is ${found:0:12}"
    return 1
  }
}

# hindered <why>: said once, and again at the end of the time.
hindered() {
  [ "$1" = "$hindrance" ] || info "$1"
  hindrance="$1"
}

# answer <status>: the reason comes on standard input.
answer() {
  local text name=head
  text="$(cat)"
  is_head || name="$(hostname)"
  if [ "$1" = FAILURE ] && [ -n "$after" ]; then text+=$'\n'"$after"; fi
  info "$1: $text"
  if attempt 120 put "$1" "$name" "$text"; then
    sha256sum <"$ADDRESS" >"$ANSWERED"
  fi
  stop_cluster "$1"
}

put() { python3 "$PROGRAMS/put_signal.py" "$ADDRESS" "$1" "$2" <<<"$3"; }

# It comes with the other programs of the boot.
stop_cluster() { [ ! -e "$PROGRAMS/stop-cluster.sh" ] || "$PROGRAMS/stop-cluster.sh" "$@"; }

who() {
  local addresses
  addresses="$(hostname -I)"
  printf '%s (%s)\n' "$(setting node "$(hostname)")" "${addresses%% *}"
}

boot_trouble() {
  printf '%s: %s\n' "$(who)" "$(cat "$RUN_FOLDER/failure" 2>/dev/null || echo "${hindrance:-the container is not running}")"
  echo "last log lines of the boot:"
  # A step that is repeated prints the same lines.
  journalctl --no-pager -n 100 -o cat -u ray-cluster.service 2>&1 | uniq | tail -n 15 || true
}

main "$@"
