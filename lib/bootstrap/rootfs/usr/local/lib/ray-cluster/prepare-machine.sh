#!/usr/bin/env bash
# Second part of each boot: all steps whose programs come with the bundle. Each has a deadline of its own, and reports what was
# missing.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local staging
  # With what the boot has said so far.
  [ ! -s "$BOOT_FOLDER/logs" ] || systemctl enable --now --no-block ray-cluster-logs.service ||
    info "the logs stay on this machine"
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
