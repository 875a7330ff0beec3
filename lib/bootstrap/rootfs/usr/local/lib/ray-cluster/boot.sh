#!/usr/bin/env bash
# Everything between the start of a machine and the start of its container, at every boot. Each step bounds its own
# waiting and says what was missing; systemd begins again.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local staging
  # All further programs come with it.
  "$PROGRAMS/fetch-program.sh"
  wait_for_disk
  [ ! -s "$BOOT_FOLDER/mounts" ] || "$PROGRAMS/wait-for-mounts.sh"
  # On what is mounted by now, not below it.
  make_folders
  "$PROGRAMS/fetch-secrets.sh"
  # A model takes as long as an image.
  { [ ! -s "$BOOT_FOLDER/stages" ] || "$PROGRAMS/stage-files.sh"; } &
  staging=$!
  "$PROGRAMS/install-docker.sh" || fatal "there is no Docker engine on this machine"
  "$PROGRAMS/check-host.sh"
  "$PROGRAMS/pull-image.sh"
  wait "$staging"
  rm -f "$RUN_FOLDER/failure"
}

# The machine's own disks are put together by another service, which may take its time.
wait_for_disk() {
  local folder
  folder="$(setting disk_folder)"
  [ -z "$folder" ] && return
  insist "$(setting disk_seconds 300)" "no local disk at $folder: nothing has mounted it" \
    mountpoint -q "$folder"
}

make_folders() {
  local folder
  while IFS= read -r folder; do
    mkdir -p "$folder"
  done <"$BOOT_FOLDER/folders"
}

main "$@"
