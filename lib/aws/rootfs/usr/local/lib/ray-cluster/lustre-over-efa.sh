#!/usr/bin/env bash
# Configures the Lustre client of this machine for EFA, at every boot, before any Lustre mount. The steps are those of
# docs.aws.amazon.com/eks/latest/userguide/fsx-csi-tuning-efa.html and of
# docs.aws.amazon.com/fsx/latest/LustreGuide/configure-efa-clients.html, read 2026-11-21. Anything missing is fatal: the
# same mount would silently use TCP, and be slow.
#
#   SYS_FOLDER   (/sys)
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=../../../../../../bootstrap/rootfs/usr/local/lib/ray-cluster/common.sh
. "$PROGRAMS/common.sh"

readonly SYS_FOLDER="${SYS_FOLDER:-/sys}"
# AWS uses 8 devices where there are that many, else the first and the last. A file system serves 1,024.
readonly MANY=8
readonly CREDITS=32

main() {
  local devices=() chosen=() interface
  require_client
  mapfile -t devices < <(efa_devices)
  [ "${#devices[@]}" -gt 0 ] || fatal "Lustre over EFA: this machine has no EFA device"
  mapfile -t chosen < <(choose "${devices[@]}")
  interface="$(ip -o -4 route show default | awk '{ print $5; exit }')"
  load_modules "$interface"
  make_networks "$interface" "${chosen[@]}"
  require_devices "${#chosen[@]}"
}

require_client() {
  command -v lnetctl >/dev/null ||
    fatal "Lustre over EFA: lnetctl is missing, the machine image has no Lustre client"
  modinfo kefalnd >/dev/null 2>&1 ||
    fatal "Lustre over EFA: the Lustre client has no module kefalnd for the kernel $(uname -r)"
}

efa_devices() {
  local device
  for device in "$SYS_FOLDER"/class/infiniband/*; do
    [ "$(basename "$(realpath "$device/device/driver" 2>/dev/null)")" = efa ] && basename "$device"
  done | sort -V
}

choose() {
  local index
  if [ $# -ge "$MANY" ]; then
    for ((index = 0; index < MANY; index++)); do
      printf '%s\n' "${@:index * $# / MANY + 1:1}"
    done
  elif [ $# -gt 1 ]; then
    printf '%s\n' "$1" "${@: -1}"
  else
    printf '%s\n' "$1"
  fi
}

load_modules() {
  step modprobe lnet
  step modprobe kefalnd "ipif_name=$1"
  step modprobe ksocklnd
}

make_networks() {
  local device
  step lnetctl lnet configure
  # Left over from an earlier attempt.
  lnetctl net del --net efa >/dev/null 2>&1 || true
  lnetctl net del --net tcp >/dev/null 2>&1 || true
  step lnetctl net add --net tcp --if "$1"
  for device in "${@:2}"; do
    step lnetctl net add --net efa --if "$device" --peer-credits "$CREDITS"
  done
  step lnetctl set discovery 1
  lnetctl udsp del --idx 0 >/dev/null 2>&1 || true
  step lnetctl udsp add --src efa --priority 0
  step modprobe lustre
}

# lnetctl adds the devices that it can, and ignores the others without an error.
require_devices() {
  local found
  found="$(lnetctl net show --net efa | grep -c '@efa' || true)"
  [ "$found" -eq "$1" ] || fatal "Lustre over EFA: Lustre uses $found of $1 devices"
  info "Lustre uses $found EFA devices"
}

step() { quietly "$@" || fatal "Lustre over EFA: '$*' failed"; }

main "$@"
