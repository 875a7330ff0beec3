#!/usr/bin/env bash
# Prepares the machine for its container, at every boot. Each step has a deadline of its own and reports what was missing;
# systemd then starts the boot again.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local staging
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

main "$@"
