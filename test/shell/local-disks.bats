#!/usr/bin/env bats
# The machine's own disks: waited for or put together, never overwritten, and Docker on them.

load support

setup() {
  set_up_boot
  DISK="$BATS_TEST_TMPDIR/disk"
  export DOCKER_FOLDERS="$BATS_TEST_TMPDIR/lib/docker $BATS_TEST_TMPDIR/lib/containerd"
  export ARRAY="$BATS_TEST_TMPDIR/array"
  NVME="$BATS_TEST_TMPDIR/nvme"
  touch "$NVME"{0,1}
  # As udev names them: two names for the first one.
  mkdir "$BATS_TEST_TMPDIR/by-id"
  ln -s "$NVME"0 "$BATS_TEST_TMPDIR/by-id/store-a"
  ln -s "$NVME"0 "$BATS_TEST_TMPDIR/by-id/store-a_1"
  ln -s "$NVME"1 "$BATS_TEST_TMPDIR/by-id/store-b"
  made_here=("disk_folder=$DISK" "disk_devices=$BATS_TEST_TMPDIR/by-id/store-*" "disk_docker=yes")
  fake mountpoint '*|32|'
  fake mount '*|0|'
  fake mkfs.ext4 '*|0|'
  fake mdadm '*|0|'
  fake systemctl '*|0|'
  fake docker '*|0|'
  fake lsblk '*|0|disk  '
  # No file system of ours; nothing on any disk.
  fake blkid '-L*|2|' '--probe*|2|'
}

disks() { run "$PROGRAMS/local-disks.sh"; }

calls() { grep "^$1 " "$FAKE_CALLS"; }

@test "disks that another service mounts are waited for, and no device is touched" {
  has settings "disk_folder=/mnt/disk" "disk_seconds=60" "disk_needed=yes"
  fake mountpoint '-q /mnt/disk|1|' '-q /mnt/disk|1|' '-q /mnt/disk|0|'
  disks
  [ "$status" -eq 0 ]
  [ "$(calls mountpoint | wc -l)" -eq 3 ]
  [ "$(grep -Ecv '^mountpoint ' "$FAKE_CALLS")" -eq 0 ]
}

@test "disks that are needed and not mounted in time end the boot and are named" {
  has settings "disk_folder=/mnt/disk" "disk_seconds=0" "disk_needed=yes" "disk_docker=yes"
  disks
  [ "$status" -eq 1 ]
  noted "the local disk is not mounted at /mnt/disk"
}

@test "disks that only Docker would use and that are not mounted leave it on the root volume" {
  has settings "disk_folder=/mnt/disk" "disk_seconds=0" "disk_docker=yes"
  disks
  [ "$status" -eq 0 ]
  [[ "$output" == *"no local disk at /mnt/disk; Docker stays on the root volume"* ]]
  [ ! -e "$RUN_FOLDER/failure" ]
  [ "$(calls systemctl | wc -l)" -eq 0 ]
}

@test "several unused disks become one RAID 0, each once, with a file system that is mounted" {
  has settings "${made_here[@]}"
  disks
  [ "$status" -eq 0 ]
  [ "$(calls mdadm | tail -n 1)" = \
    "mdadm --create $ARRAY --run --level=0 --homehost=any --name=ray-cluster-disk --raid-devices=2 ${NVME}0 ${NVME}1" ]
  [[ "$(calls mkfs.ext4)" == *" -L ray-cluster-disk $ARRAY" ]]
  [ "$(calls mount | head -n 1)" = "mount -o noatime $ARRAY $DISK" ]
}

@test "one unused disk gets a file system without an array" {
  rm "$BATS_TEST_TMPDIR/by-id/store-b"
  has settings "${made_here[@]}"
  disks
  [ "$status" -eq 0 ]
  [ "$(grep -c -- --create "$FAKE_CALLS")" -eq 0 ]
  [[ "$(calls mkfs.ext4)" == *" -L ray-cluster-disk ${NVME}0" ]]
}

@test "a file system of an earlier boot is mounted as it is" {
  has settings "${made_here[@]}"
  fake blkid '-L ray-cluster-disk|0|/dev/md127'
  disks
  [ "$status" -eq 0 ]
  [ "$(calls mount | head -n 1)" = "mount -o noatime /dev/md127 $DISK" ]
  [ "$(grep -Ec '^(mkfs|mdadm)' "$FAKE_CALLS")" -eq 0 ]
}

@test "an array of an earlier boot that was not started is started, not made again" {
  has settings "${made_here[@]}"
  fake blkid '-L*|2|' '-L*|0|/dev/md127' '--probe*|0|'
  disks
  [ "$status" -eq 0 ]
  [ "$(calls mdadm)" = "mdadm --assemble --scan --quiet" ]
  [ "$(calls mkfs.ext4 | wc -l)" -eq 0 ]
}

@test "disks with parts, mounts, file systems or unknown content are never written" {
  has settings "${made_here[@]}"
  local found
  # A partition, an LVM member, a mount, a swap area.
  for found in 'disk  \npart ext4 ' 'disk LVM2_member \nlvm ext4 /data' 'disk ext4 /data' 'disk  [SWAP]'; do
    fake lsblk "*|0|$found"
    disks
    [ "$status" -eq 0 ]
    [[ "$output" == *"no unused disk at $BATS_TEST_TMPDIR/by-id/store-*; Docker stays on the root volume"* ]]
  done
  # The kernel does not know of it yet; the disk itself has something, or two things.
  fake lsblk '*|0|disk  '
  for found in 0 8; do
    fake blkid '-L*|2|' "--probe*|$found|"
    disks
    [[ "$output" == *"no unused disk"* ]]
  done
  [ "$(grep -Ec '^(mkfs|mount |mdadm --create)' "$FAKE_CALLS")" -eq 0 ]
}

@test "disks that are needed and hold something else end the boot" {
  has settings "${made_here[@]}" "disk_needed=yes"
  fake blkid '-L*|2|' '--probe*|0|'
  disks
  [ "$status" -eq 1 ]
  noted "the local disk is not mounted at $DISK: no unused disk at *"
}

@test "a missing mdadm is installed, and without it Docker stays on the root volume" {
  has settings "${made_here[@]}"
  rm "$BIN/mdadm"
  PATH="$(without mdadm)"
  fake apt-get 'update*|0|' 'install*|100|E: no packages'
  fake apt-cache 'show mdadm|0|mdadm'
  disks
  [ "$status" -eq 0 ]
  [[ "$output" == *"mdadm or mkfs.ext4 failed; Docker stays on the root volume"* ]]
  [ "$(calls apt-get | tail -n 1)" = "apt-get install -y -q --no-install-recommends mdadm" ]
  [ "$(calls mkfs.ext4 | wc -l)" -eq 0 ]
}

@test "Docker is stopped with its socket and gets both folders on the disk" {
  has settings "disk_folder=$DISK" "disk_docker=yes"
  fake mountpoint "-q $DISK|0|" "*/lib/*|32|"
  disks
  [ "$status" -eq 0 ]
  [ "$(calls systemctl)" = "systemctl stop docker.socket docker.service containerd.service" ]
  [ "$(calls mount)" = "mount --bind $DISK/docker $BATS_TEST_TMPDIR/lib/docker
mount --bind $DISK/containerd $BATS_TEST_TMPDIR/lib/containerd" ]
}

@test "Docker that is on the disk already is not stopped" {
  has settings "disk_folder=$DISK" "disk_docker=yes"
  fake mountpoint '*|0|'
  mkdir -p "$DISK/docker" "$DISK/containerd" "$BATS_TEST_TMPDIR/lib"
  # What a bind mount is to `-ef`.
  ln -s "$DISK"/{docker,containerd} "$BATS_TEST_TMPDIR/lib"
  disks
  [ "$status" -eq 0 ]
  [ "$(grep -Ec '^(systemctl|mount )' "$FAKE_CALLS")" -eq 0 ]
}

@test "Docker with images or with a disk of its own stays where it is" {
  has settings "disk_folder=$DISK" "disk_docker=yes"
  fake mountpoint "-q $DISK|0|" "*/lib/*|32|"
  fake docker 'image ls*|0|0123456789ab' '*|0|'
  disks
  [ "$status" -eq 0 ]
  [[ "$output" == *"Docker stays on the root volume, where it has images already"* ]]
  fake docker '*|0|'
  fake mountpoint '*|0|'
  disks
  [[ "$output" == *"Docker stays at $BATS_TEST_TMPDIR/lib/docker, where the machine image has mounted a disk"* ]]
  [ "$(grep -Ec '^(systemctl|mount )' "$FAKE_CALLS")" -eq 0 ]
}
