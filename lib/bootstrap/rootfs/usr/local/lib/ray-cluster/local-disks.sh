#!/usr/bin/env bash
# The machine's own disks: waits until another service has mounted them, or puts them together where none does, and gives
# them to Docker. They are empty after each stop of the machine, so this looks again at every boot.
#
# Settings: disk_folder   where they are mounted
#           disk_devices  glob of the disks to put together      (another service mounts them)
#           disk_needed   whether anything of the cluster is on them
#           disk_docker   whether images and builds belong there
#
#   DOCKER_FOLDERS  where Docker keeps images and containers     (/var/lib/docker /var/lib/containerd)
#   ARRAY           the array that is made of several disks      (/dev/md/ray-cluster-disk)
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
. "$PROGRAMS/packages.sh"

# Of the file system, and of the array below it; ext4 takes 16 characters.
readonly LABEL=ray-cluster-disk
readonly ARRAY="${ARRAY:-/dev/md/$LABEL}"
# Exit code of `make` where there are disks.
readonly BROKEN=3
read -r -a FOLDERS <<<"${DOCKER_FOLDERS:-/var/lib/docker /var/lib/containerd}"

main() {
  local folder why=""
  folder="$(setting disk_folder)"
  if ! is_mounted "$folder"; then
    [ -z "$(setting disk_needed)" ] || fatal "the local disk is not mounted at $folder${why:+: $why}"
    info "no local disk at $folder${why:+: $why}; Docker stays on the root volume"
    return
  fi
  if [ -n "$(setting disk_docker)" ]; then give_to_docker "$folder"; fi
}

is_mounted() {
  if [ -n "$(setting disk_devices)" ]; then
    mountpoint -q "$1" || put_together "$1"
  else
    attempt "$(setting disk_seconds 300)" mountpoint -q "$1"
  fi
}

# What an earlier boot has made is used again. A disk that holds anything is never touched.
put_together() {
  local device code
  device="$(made_earlier)" || device="$(make)" || {
    code=$?
    why="no unused disk at $(setting disk_devices)"
    [ "$code" -ne "$BROKEN" ] || why="mdadm or mkfs.ext4 failed"
    return 1
  }
  mkdir -p "$1"
  if ! mount -o noatime "$device" "$1"; then
    why="$device cannot be mounted"
    return 1
  fi
  info "local disks: $device at $1"
}

made_earlier() {
  blkid -L "$LABEL" && return
  # Its parts have no file system of their own; the array may not have been started.
  command -v mdadm >/dev/null || return 1
  mdadm --assemble --scan --quiet >/dev/null 2>&1 || true
  blkid -L "$LABEL"
}

make() {
  local disks=() device
  # An array whose file system was never made, as after a loss of power.
  if [ -b "$ARRAY" ] && is_unused "$ARRAY"; then
    device="$ARRAY"
  else
    mapfile -t disks < <(unused_disks)
    [ "${#disks[@]}" -gt 0 ] || return 1
    device="${disks[0]}"
    if [ "${#disks[@]}" -gt 1 ]; then
      command -v mdadm >/dev/null || install_any mdadm >&2 || return "$BROKEN"
      quietly mdadm --create "$ARRAY" --run --level=0 --homehost=any --name="$LABEL" \
        --raid-devices="${#disks[@]}" "${disks[@]}" || return "$BROKEN"
      device="$ARRAY"
    fi
  fi
  # Its tables are written while it is used already, and blocks of an empty disk need no discard.
  quietly mkfs.ext4 -q -m 0 -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 -L "$LABEL" "$device" ||
    return "$BROKEN"
  printf '%s\n' "$device"
}

# One line for each disk; udev has several names for one.
unused_disks() {
  local name
  while IFS= read -r name; do
    ! is_unused "$name" || printf '%s\n' "$name"
  done < <(compgen -G "$(setting disk_devices)" | xargs -r readlink -f | sort -u)
}

# A whole disk without parts, holders, mounts, file system or partition table, asked of the kernel and of the disk itself.
is_unused() {
  local lines code=0
  lines="$(lsblk --noheadings --raw --output TYPE,FSTYPE,MOUNTPOINT "$1")" || return 1
  [[ "${lines%"${lines##*[![:space:]]}"}" =~ ^(disk|raid0)$ ]] || return 1
  blkid --probe "$1" >/dev/null 2>&1 || code=$?
  # 2: nothing was found (blkid(8)).
  [ "$code" -eq 2 ]
}

# By bind mounts, because images are in another folder with containerd's image store (Docker 29), and because an engine without
# the disk simply begins empty. What a machine image brings stays where it is.
give_to_docker() {
  local folder others=()
  for folder in "${FOLDERS[@]}"; do
    [ "$folder" -ef "$1/${folder##*/}" ] || others+=("$folder")
  done
  [ "${#others[@]}" -gt 0 ] || return 0
  for folder in "${others[@]}"; do
    if mountpoint -q "$folder"; then
      info "Docker stays at $folder, where the machine image has mounted a disk"
      return
    fi
  done
  if [ -n "$(docker image ls --quiet 2>/dev/null)$(docker ps --all --quiet 2>/dev/null)" ]; then
    info "Docker stays on the root volume, where it has images already"
    return
  fi
  # The socket would start the engine again.
  systemctl stop docker.socket docker.service containerd.service 2>/dev/null || true
  for folder in "${others[@]}"; do
    mkdir -p "$folder" "$1/${folder##*/}"
    # As the engine has its own.
    chmod 0711 "$1/${folder##*/}"
    mount --bind "$1/${folder##*/}" "$folder"
  done
  info "Docker keeps its images at $1"
}

main "$@"
