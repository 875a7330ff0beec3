#!/usr/bin/env bats
# Order and limits of the steps of a boot.

load support

setup() {
  set_up_boot
  copy_programs
  for name in fetch-secrets fetch-program install-docker check-host pull-image; do
    step "$name.sh" <<<"echo $name >>'$BATS_TEST_TMPDIR/steps'"
  done
  has settings "mount_seconds=0" "disk_seconds=0"
}

boot() {
  run "$PROGRAMS/boot.sh"
}

@test "runs the steps in order" {
  boot
  [ "$status" -eq 0 ]
  [ "$(paste -sd ' ' "$BATS_TEST_TMPDIR/steps")" = \
    "fetch-secrets fetch-program install-docker check-host pull-image" ]
}

@test "makes the folders that the container has" {
  has folders "$BATS_TEST_TMPDIR/a/b" "$BATS_TEST_TMPDIR/c d"
  boot
  [ -d "$BATS_TEST_TMPDIR/a/b" ]
  [ -d "$BATS_TEST_TMPDIR/c d" ]
}

@test "waits for the local disk" {
  has settings "disk_folder=/mnt/disk" "disk_seconds=60"
  fake mountpoint '-q /mnt/disk|1|' '-q /mnt/disk|1|' '-q /mnt/disk|0|'
  boot
  [ "$status" -eq 0 ]
  [ "$(grep -c mountpoint "$FAKE_CALLS")" -eq 3 ]
}

@test "says which disk is missing, where a deployment looks for it" {
  has settings "disk_folder=/mnt/disk" "disk_seconds=0"
  fake mountpoint '*|1|'
  boot
  [ "$status" -eq 1 ]
  [[ "$(cat "$RUN_FOLDER/failure")" == "no local disk at /mnt/disk: nothing has mounted it" ]]
  [ ! -e "$BATS_TEST_TMPDIR/steps" ]
}

@test "says what is not mounted, and why" {
  has mounts /models /scratch
  fake mountpoint '-q /models|0|' '-q /scratch|1|'
  fake systemd-escape '*|0|scratch.mount'
  fake journalctl '*|0|mount.nfs4: Connection timed out'
  boot
  [ "$status" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/failure")" = "nothing is mounted at /scratch: mount.nfs4: Connection timed out" ]
}

@test "ends with the step that fails, and keeps its message" {
  step check-host.sh <<'STEP'
echo "0 of 8 GPUs" >"$RUN_FOLDER/failure"; exit 1
STEP
  boot
  [ "$status" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/failure")" = "0 of 8 GPUs" ]
  lacks pull-image "$BATS_TEST_TMPDIR/steps"
}

@test "forgets the failure of the attempt before" {
  echo "old" >"$RUN_FOLDER/failure"
  boot
  [ "$status" -eq 0 ]
  [ ! -e "$RUN_FOLDER/failure" ]
}
