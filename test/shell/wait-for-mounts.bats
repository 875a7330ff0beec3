#!/usr/bin/env bats
# Shared storage is mounted, or it is said why not.

load support

setup() {
  set_up_boot
  has settings "mount_seconds=0"
  has mounts "/models nfs4" "/fsx lustre net.service efa.service"
  fake systemd-escape '*/models|0|models.mount' '*/fsx|0|fsx.mount'
  fake systemctl '*|0|'
  fake mount.nfs4 '*|0|'
  fake mount.lustre '*|0|'
}

wait_for_mounts() {
  run "$PROGRAMS/wait-for-mounts.sh"
}

@test "starts nothing that is mounted" {
  fake mountpoint '*|0|'
  wait_for_mounts
  [ "$status" -eq 0 ]
  lacks systemctl "$FAKE_CALLS"
}

@test "starts once more what systemd could not mount" {
  fake mountpoint '-q /models|0|' '-q /fsx|1|' '-q /fsx|0|'
  wait_for_mounts
  [ "$status" -eq 0 ]
  [ "$(grep -c '^systemctl start fsx.mount$' "$FAKE_CALLS")" -eq 1 ]
  lacks "systemctl start models" "$FAKE_CALLS"
}

@test "says what is not mounted, with the last words of all that it needs" {
  fake mountpoint '-q /models|0|' '-q /fsx|1|'
  fake systemctl '*|1|'
  fake journalctl '*-u net.service|0|online' '*-u efa.service|0|no EFA device' '*-u fsx.mount|0|Dependency failed'
  wait_for_mounts
  [ "$status" -eq 1 ]
  noted $'nothing is mounted at /fsx: online\nno EFA device\nDependency failed'
}

@test "installs the client of NFS where it is missing, and tries then" {
  rm "$BIN/mount.nfs4"
  PATH="$(without mount.nfs4 apt-get dnf)"
  fake apt-get '*|0|'
  fake mountpoint '*|0|'
  wait_for_mounts
  [ "$status" -eq 0 ]
  grep -q '^apt-get install .*nfs-common$' "$FAKE_CALLS"
}

@test "takes the package of the other distributions where there is no apt-get" {
  rm "$BIN/mount.nfs4"
  PATH="$(without mount.nfs4 apt-get dnf)"
  fake dnf '*|1|No match for argument'
  wait_for_mounts
  [ "$status" -eq 1 ]
  grep -q '^dnf install .*nfs-utils$' "$FAKE_CALLS"
  noted "this machine cannot mount 'nfs4': the package nfs-utils cannot be installed"
}

@test "says that the machine image has no client of Lustre" {
  rm "$BIN/mount.lustre"
  PATH="$(without mount.lustre)"
  fake mountpoint '-q /models|0|'
  wait_for_mounts
  [ "$status" -eq 1 ]
  noted "this machine cannot mount 'lustre': mount.lustre is missing, take a machine image with the Lustre client"
}

@test "leaves types alone that need no program" {
  has mounts "/models virtiofs"
  fake systemd-escape '*|0|models.mount'
  fake mountpoint '*|0|'
  wait_for_mounts
  [ "$status" -eq 0 ]
}
