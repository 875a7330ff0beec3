#!/usr/bin/env bash
# Makes sure that shared storage is mounted: what systemd could not mount is tried again.
#
# Each line of `mounts`: a folder, its type, the units that the mount needs.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
. "$PROGRAMS/packages.sh"

main() {
  local folder type words
  while read -r folder type words; do
    local units=()
    read -r -a units <<<"$words"
    units+=("$(systemd-escape -p --suffix=mount "$folder")")
    install_helper "$type"
    attempt "$(setting mount_seconds 300)" is_mounted "$folder" "${units[-1]}" ||
      fatal "nothing is mounted at $folder: $(last_words "${units[@]}")"
    info "$folder is mounted"
    [ "$type" != lustre ] || "$PROGRAMS/lustre-client.sh" tune
  done <"$BOOT_FOLDER/mounts"
}

is_mounted() { mountpoint -q "$1" || { systemctl start "$2" && mountpoint -q "$1"; }; }

# The last log line of each unit, that of the mount at the end.
last_words() {
  local unit
  for unit in "$@"; do
    journalctl --no-pager -n 1 -o cat -u "$unit" 2>&1 || true
  done
}

# Cloud images often lack the NFS client, which every distribution packages. Most other types need none.
install_helper() {
  case "$1" in
    nfs | nfs4) ;;
    lustre)
      "$PROGRAMS/lustre-client.sh"
      return
      ;;
    *) return ;;
  esac
  if command -v "mount.$1" >/dev/null; then return; fi
  info "installing the NFS client"
  install_any nfs-common nfs-utils ||
    fatal "cannot mount file system type '$1': neither nfs-common nor nfs-utils can be installed"
}

main "$@"
