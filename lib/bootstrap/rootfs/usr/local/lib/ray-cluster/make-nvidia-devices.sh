#!/usr/bin/env bash
# Makes the device nodes of NVIDIA's driver that a container names, now and whenever this machine starts, before Docker starts
# containers: a driver makes them when a program first uses it, and Docker does not try again to start a container whose
# device is missing (nvidia-modprobe(1); NVIDIA/nvidia-docker#526). For that a unit of systemd of its own is added.
#
#   DEVICE_FOLDER       the nodes                            (/dev)
#   UNIT_FOLDER         units of systemd                     (/etc/systemd/system)
#   SYSTEMD_RUN_FOLDER  exists where systemd is the init system  (/run/systemd/system)
set -euo pipefail

readonly DEVICES="${DEVICE_FOLDER:-/dev}"
readonly UNIT="${UNIT_FOLDER:-/etc/systemd/system}/ray-cluster-nvidia-devices.service"
readonly SYSTEMD_FOLDER="${SYSTEMD_RUN_FOLDER:-/run/systemd/system}"
readonly NEEDED=(nvidiactl nvidia-uvm nvidia-uvm-tools)

main() {
  local node missing=()
  [ "$(id -u)" -eq 0 ] || fatal "only root can make device nodes"
  command -v nvidia-modprobe >/dev/null || fatal "nvidia-modprobe is missing: it comes with NVIDIA's driver"
  # -L: the nodes of the GPUs; -u -c=0: those of unified memory.
  nvidia-smi -L >/dev/null || fatal "nvidia-smi -L failed: the driver does not answer"
  nvidia-modprobe -u -c=0 || fatal "nvidia-modprobe -u -c=0 failed"
  for node in "${NEEDED[@]}"; do
    [ -e "$DEVICES/$node" ] || missing+=("$DEVICES/$node")
  done
  [ "${#missing[@]}" -eq 0 ] || fatal "nvidia-modprobe made no ${missing[*]}"
  info "the device nodes are there"
  keep
}

info() { printf 'devices: %s\n' "$*"; }

fatal() {
  printf 'devices: %s\n' "$*" >&2
  exit 1
}

keep() {
  [ -d "$SYSTEMD_FOLDER" ] || fatal "this machine has no systemd: have nvidia-smi -L and nvidia-modprobe -u -c=0 run before Docker starts"
  cat >"$UNIT.new" <<LINES
[Unit]
Description=Device nodes of NVIDIA's driver, before containers name them
After=systemd-modules-load.service nvidia-persistenced.service
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/env nvidia-smi -L
ExecStart=/usr/bin/env nvidia-modprobe -u -c=0
TimeoutStartSec=120
# Modules and device nodes are its work. Neither PrivateDevices nor ProtectClock, which would close the driver's devices.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_MKNOD CAP_SYS_ADMIN CAP_SYS_MODULE
IPAddressDeny=any
LockPersonality=yes
NoNewPrivileges=yes
PrivateNetwork=yes
PrivateTmp=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectProc=invisible
ProtectSystem=strict
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service @module

[Install]
WantedBy=multi-user.target docker.service
LINES
  mv "$UNIT.new" "$UNIT"
  systemctl daemon-reload
  systemctl enable --quiet "${UNIT##*/}"
  info "${UNIT##*/} makes them before Docker starts"
}

main "$@"
