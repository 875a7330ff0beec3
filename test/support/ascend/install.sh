#!/bin/sh
# Makes a root folder (or a container's /) look like an Ascend server.
# usage: install.sh ROOT PRODUCT SERVER_INDEX [DEVICES] [--nodes]
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

main() {
  root=${1%/} product=$2 server=$3
  case $product in
    a2) count=8 bin=bin ;;
    a3) count=16 bin=sbin ;;
    300i-duo) count=8 bin=bin ;;
    *) echo "install.sh: unknown product '$product' (a2, a3, 300i-duo)" >&2; exit 2 ;;
  esac
  shift 3
  nodes=no
  for argument in "$@"; do
    case $argument in
      --nodes) nodes=yes ;;
      *) count=$argument ;;
    esac
  done
  install_tools
  write_state
  write_files
  if [ "$nodes" = yes ]; then
    make_nodes
  fi
}

install_tools() {
  mkdir -p "$root/usr/local/Ascend/driver/tools" "$root/usr/local/Ascend/driver/fake" \
    "$root/usr/local/$bin" "$root/usr/local/dcmi" "$root/etc" "$root/dev"
  cp "$here/hccn_tool" "$root/usr/local/Ascend/driver/tools/hccn_tool"
  cp "$here/npu-smi" "$root/usr/local/$bin/npu-smi"
  chmod 0755 "$root/usr/local/Ascend/driver/tools/hccn_tool" "$root/usr/local/$bin/npu-smi"
}

write_state() {
  printf 'product=%s\nserver=%s\ncount=%s\n' "$product" "$server" "$count" > "$root/usr/local/Ascend/driver/fake/machine"
  : > "$root/usr/local/Ascend/driver/fake/faults"
  rm -f "$root/usr/local/Ascend/driver/fake/calls"
}

write_files() {
  echo 'Version=25.2.0' > "$root/usr/local/Ascend/driver/version.info"
  echo 'Driver_Install_Path_Param=/usr/local/Ascend' > "$root/etc/ascend_install.info"
  device=0
  : > "$root/etc/hccn.conf"
  while [ "$device" -lt "$count" ]; do
    {
      echo "address_$device=192.168.$((100 + server)).$((101 + device))"
      echo "netmask_$device=255.255.0.0"
      echo "netdetect_$device=192.168.0.1"
      echo "gateway_$device=192.168.0.1"
    } >> "$root/etc/hccn.conf"
    device=$((device + 1))
  done
}

# Real device nodes of the null device: the kernel lets a container open them.
make_nodes() {
  device=0
  while [ "$device" -lt "$count" ]; do
    make_node "davinci$device"
    device=$((device + 1))
  done
  make_node davinci_manager
  make_node devmm_svm
  make_node hisi_hdc
}

make_node() {
  [ -e "$root/dev/$1" ] || mknod -m 0666 "$root/dev/$1" c 1 3
}

main "$@"
