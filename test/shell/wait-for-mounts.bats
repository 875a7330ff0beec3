#!/usr/bin/env bats
# shellcheck disable=SC2016 # the stand-ins expand it
# Shared storage is mounted, or the reason is reported.

load support

setup() {
  set_up_boot
  copy_programs
  step lustre-client.sh <<<'true'
  has settings "mount_seconds=0"
  has mounts "/models nfs4" "/fsx lustre net.service efa.service"
  fake systemd-escape '*/models|0|models.mount' '*/fsx|0|fsx.mount'
  fake systemctl '*|0|'
  fake mount.nfs4 '*|0|'
}

wait_for_mounts() {
  run "$PROGRAMS/wait-for-mounts.sh"
}

@test "wait-for-mounts.sh with everything mounted starts nothing" {
  fake mountpoint '*|0|'
  wait_for_mounts
  [ "$status" -eq 0 ]
  lacks systemctl "$FAKE_CALLS"
}

@test "wait-for-mounts.sh with a failed mount starts it once more" {
  fake mountpoint '-q /models|0|' '-q /fsx|1|' '-q /fsx|0|'
  wait_for_mounts
  [ "$status" -eq 0 ]
  [ "$(grep -c '^systemctl start fsx.mount$' "$FAKE_CALLS")" -eq 1 ]
  lacks "systemctl start models" "$FAKE_CALLS"
}

@test "wait-for-mounts.sh with a mount that keeps failing reports the last log line of each unit" {
  fake mountpoint '-q /models|0|' '-q /fsx|1|'
  fake systemctl '*|1|'
  fake journalctl '*-u net.service|0|online' '*-u efa.service|0|no EFA device' '*-u fsx.mount|0|Dependency failed'
  wait_for_mounts
  [ "$status" -eq 1 ]
  noted $'nothing is mounted at /fsx: online\nno EFA device\nDependency failed'
}

@test "wait-for-mounts.sh without the NFS client installs it first" {
  rm "$BIN/mount.nfs4"
  PATH="$(without mount.nfs4 apt-get dnf)"
  fake apt-get '*|0|'
  fake apt-cache 'show nfs-common|0|' '*|100|'
  fake mountpoint '*|0|'
  wait_for_mounts
  [ "$status" -eq 0 ]
  grep -q '^apt-get install .*nfs-common$' "$FAKE_CALLS"
}

@test "wait-for-mounts.sh without apt-get installs the NFS client by dnf, or by yum" {
  rm "$BIN/mount.nfs4"
  local manager
  for manager in dnf yum; do
    rm -f "$BIN/dnf"
    PATH="$(without mount.nfs4 apt-get dnf yum)"
    fake "$manager" '-q info nfs-utils|0|Name : nfs-utils' '-q info*|1|' 'install*|0|'
    fake mountpoint '*|0|'
    wait_for_mounts
    [ "$status" -eq 0 ]
    grep -q "^$manager install -y -q nfs-utils\$" "$FAKE_CALLS"
  done
}

@test "wait-for-mounts.sh with an NFS client that cannot be installed fails" {
  rm "$BIN/mount.nfs4"
  PATH="$(without mount.nfs4 apt-get dnf yum)"
  fake dnf '-q info nfs-utils|0|Name : nfs-utils' '*|1|No match for argument'
  wait_for_mounts
  [ "$status" -eq 1 ]
  noted "cannot mount file system type 'nfs4': neither nfs-common nor nfs-utils can be installed"
}

@test "wait-for-mounts.sh looks at the Lustre client before it mounts, and tunes it afterwards" {
  step lustre-client.sh <<<'echo "lustre-client $*" >>"$FAKE_CALLS"'
  fake mountpoint '-q /models|0|' '-q /fsx|1|' '-q /fsx|0|'
  wait_for_mounts
  [ "$status" -eq 0 ]
  [ "$(grep '^lustre-client\|^systemctl' "$FAKE_CALLS")" = $'lustre-client \nsystemctl start fsx.mount\nlustre-client tune' ]
}

@test "wait-for-mounts.sh without a Lustre client mounts nothing there" {
  step lustre-client.sh <<<'exit 1'
  fake mountpoint '-q /models|0|' '-q /fsx|1|'
  wait_for_mounts
  [ "$status" -eq 1 ]
  lacks "systemctl start fsx" "$FAKE_CALLS"
}

@test "wait-for-mounts.sh with a type that needs no program mounts it" {
  has mounts "/models virtiofs"
  fake systemd-escape '*|0|models.mount'
  fake mountpoint '*|0|'
  wait_for_mounts
  [ "$status" -eq 0 ]
}

@test "wait-for-mounts.sh waits while another program works with packages" {
  rm "$BIN/mount.nfs4"
  PATH="$(without mount.nfs4 apt-get dnf)"
  fake apt-get 'update*|100|E: Could not get lock /var/lib/apt/lists/lock' 'update*|0|' \
    'install*|100|E: Could not get lock /var/lib/dpkg/lock-frontend' 'install*|0|'
  fake apt-cache 'show nfs-common|0|' '*|100|'
  fake mountpoint '*|0|'
  wait_for_mounts
  [ "$status" -eq 0 ]
  [ "$(grep -c '^apt-get install' "$FAKE_CALLS")" -eq 2 ]
}

@test "wait-for-mounts.sh does not wait for another fault of the package manager" {
  rm "$BIN/mount.nfs4"
  PATH="$(without mount.nfs4 apt-get dnf)"
  fake apt-get '*|100|E: Unable to locate package'
  fake mountpoint '*|0|'
  wait_for_mounts
  [ "$status" -eq 1 ]
  [ "$(grep -c '^apt-get update' "$FAKE_CALLS")" -eq 1 ]
}
