#!/usr/bin/env bash
# Prepares the machine for its container, at every boot. Each step has a deadline of its own and reports what was missing;
# systemd then starts the boot again.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local staging
  wait_for_time
  # All further programs are in the bundle that it fetches.
  "$PROGRAMS/fetch-program.sh"
  wait_for_disk
  [ ! -s "$BOOT_FOLDER/mounts" ] || "$PROGRAMS/wait-for-mounts.sh"
  # After the mounts, which would hide them.
  make_folders
  "$PROGRAMS/fetch-secrets.sh"
  # A model may take as long as the image.
  { [ ! -s "$BOOT_FOLDER/stages" ] || "$PROGRAMS/stage-files.sh"; } &
  staging=$!
  "$PROGRAMS/install-docker.sh" || fatal "Docker is not running on this machine and cannot be installed or started"
  [ ! -s "$BOOT_FOLDER/filter" ] || close_ports
  "$PROGRAMS/check-host.sh"
  "$PROGRAMS/pull-image.sh"
  wait "$staging"
  rm -f "$RUN_FOLDER/failure"
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

# Another service assembles and mounts the machine's own disks.
wait_for_disk() {
  local folder
  folder="$(setting disk_folder)"
  [ -z "$folder" ] && return
  insist "$(setting disk_seconds 300)" "the local disk is not mounted at $folder" \
    mountpoint -q "$folder"
}

make_folders() {
  local folder
  while IFS= read -r folder; do
    mkdir -p "$folder"
  done <"$BOOT_FOLDER/folders"
}

# Before the container, which opens them.
close_ports() {
  command -v nft >/dev/null || install_any nftables ||
    fatal "the cluster's ports cannot be closed: nft is missing, and the package nftables cannot be installed"
  "$PROGRAMS/packet-filter.sh" <"$BOOT_FOLDER/filter" || fatal "the cluster's ports cannot be closed: nft failed"
}

main "$@"
