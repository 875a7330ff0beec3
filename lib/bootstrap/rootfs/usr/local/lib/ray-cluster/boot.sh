#!/usr/bin/env bash
# Everything between the start of a machine and the start of its container, at every boot. Each step bounds its own
# waiting and says what was missing; systemd begins again.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  rm -f "$RUN_FOLDER/failure"
  make_folders
  wait_for_disk
  wait_for_mounts
  "$PROGRAMS/fetch-secrets.sh"
  "$PROGRAMS/fetch-program.sh"
  "$PROGRAMS/install-docker.sh" || fatal "there is no Docker engine on this machine"
  "$PROGRAMS/check-host.sh"
  "$PROGRAMS/pull-image.sh"
}

make_folders() {
  local folder
  while IFS= read -r folder; do
    mkdir -p "$folder"
  done <"$BOOT_FOLDER/folders"
}

# The machine's own disks are put together by another service, which may take its time.
wait_for_disk() {
  local folder
  folder="$(setting disk_folder)"
  [ -z "$folder" ] && return
  attempt "$(setting disk_seconds 300)" mountpoint -q "$folder" ||
    fatal "no local disk at $folder: nothing has mounted it"
}

wait_for_mounts() {
  local folder
  while IFS= read -r folder; do
    attempt "$(setting mount_seconds 300)" mountpoint -q "$folder" ||
      fatal "nothing is mounted at $folder: $(journalctl --no-pager -n 1 -o cat -u "$(systemd-escape -p --suffix=mount "$folder")" 2>&1 || true)"
  done <"$BOOT_FOLDER/mounts"
}

main "$@"
