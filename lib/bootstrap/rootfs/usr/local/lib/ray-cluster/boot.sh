#!/usr/bin/env bash
# Prepares the machine for its container, at every boot. Each step has a deadline of its own and reports what was missing;
# systemd then starts the boot again.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  wait_for_time
  # User data has no room for all further programs, which are in the bundle that it fetches.
  "$PROGRAMS/fetch-program.sh"
  "$PROGRAMS/prepare-machine.sh"
}

# A first boot may begin years or hours beside the time: certificates would not be valid, and nodes would differ. A machine
# that cannot reach its time server boots all the same, and says so; the head compares the nodes' clocks.
wait_for_time() {
  keeps_time || return 0
  attempt "$(setting time_seconds 90)" is_time_set || info "the clock is not synchronised yet; the boot goes on"
}

keeps_time() {
  local unit
  for unit in systemd-timesyncd chronyd chrony ntpd ntpsec; do
    if systemctl is-active --quiet "$unit.service" 2>/dev/null; then return 0; fi
  done
  return 1
}

is_time_set() { [ "$(timedatectl show --property NTPSynchronized --value 2>/dev/null)" != no ]; }

main "$@"
