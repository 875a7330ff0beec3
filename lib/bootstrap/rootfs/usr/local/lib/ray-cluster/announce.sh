#!/usr/bin/env bash
# Tells those who wait for the cluster that it is what was planned, or why it is not. Runs beside the node: the head
# asks its cluster, and every machine says so when its own boot keeps failing.
#
# The line of `announce`: the source of an address (a program of `sources/`), its arguments. Who knows the address can
# answer, so it lies in a file of root's and nowhere else. Each address is answered once.
#
#   PAUSE_SECONDS   between two looks   (10)
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

readonly ADDRESS="$RUN_FOLDER/announce/address"
readonly ANSWERED="$STATE_FOLDER/host/announced"
readonly PAUSE_SECONDS="${PAUSE_SECONDS:-10}"
# What coreutils' `timeout` says.
readonly TIMED_OUT=124
readonly GATE=ray-cluster-gate

# Since when, in SECONDS: this boot fails; there is this address.
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
  # Where all is well, workers ask nobody: a thousand of them would be one too many for whoever has the address.
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

# A failure that is gone for one look may be back at the next: a boot that begins again.
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
  [ "$trouble" = "$last_trouble" ] || info "nobody to tell yet: $trouble"
  last_trouble="$trouble"
  return 1
}

is_answered() { [ "$(cat "$ANSWERED" 2>/dev/null)" = "$(sha256sum <"$ADDRESS")" ]; }

# Before that, the head has nothing to say, and a gate would take it for dead.
is_running() { [ -n "$(docker ps --quiet --filter "name=^$(setting container)\$" 2>/dev/null || true)" ]; }

# The gate of every other place, too: it reads the head's state, asks for a completion, and makes a cluster that has given
# up try again. The node's container may begin anew meanwhile.
ask_cluster() {
  local said="$RUN_FOLDER/announce/said" argv=() code=0
  mapfile -t argv <"$BOOT_FOLDER/gate"
  docker rm --force "$GATE" >/dev/null 2>&1 || true
  timeout --kill-after=10 "$(left)" docker run "${argv[@]}" >"$said" 2>&1 || code=$?
  # Progress before the verdict begins with a bracket. Without a verdict it is the gate that has failed.
  sed -n "/^cluster '/,\$p" "$said" >"$said.verdict"
  if [ "$code" -eq 0 ]; then
    answer SUCCESS <"$said.verdict"
  elif [ "$code" -eq "$TIMED_OUT" ]; then
    answer FAILURE < <(printf '%s: the cluster was not there in time\n' "$(who)" && tail -n 15 "$said")
  elif [ -s "$said.verdict" ]; then
    answer FAILURE <"$said.verdict"
  else
    info "the gate has failed: $(tail -n 1 "$said")"
  fi
}

# answer <status>: what there is to say comes on standard input.
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
  printf '%s: %s\n' "$(who)" "$(cat "$RUN_FOLDER/failure" 2>/dev/null || echo "the container does not run")"
  echo "last lines of its boot:"
  # A step that tries again says the same each time.
  journalctl --no-pager -n 100 -o cat -u ray-cluster.service 2>&1 | uniq | tail -n 15 || true
}

main "$@"
