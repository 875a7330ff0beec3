#!/usr/bin/env bats
# Order and limits of the steps of a boot.

load support

setup() {
  set_up_boot
  copy_programs
  for name in fetch-program wait-for-mounts fetch-secrets install-docker check-host pull-image; do
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
    "fetch-program fetch-secrets install-docker check-host pull-image" ]
}

@test "waits for mounts where there are some, before anything lies on them" {
  has mounts "/models nfs4"
  has folders "$BATS_TEST_TMPDIR/models/a"
  step wait-for-mounts.sh <<'STEP'
echo wait-for-mounts >>"$BATS_TEST_TMPDIR/steps"
[ ! -e "$BATS_TEST_TMPDIR/models" ]
STEP
  boot
  [ "$status" -eq 0 ]
  [ "$(sed -n 2p "$BATS_TEST_TMPDIR/steps")" = wait-for-mounts ]
  [ -d "$BATS_TEST_TMPDIR/models/a" ]
}

@test "stages files while the image comes, and waits for both" {
  has stages "/models web.sh"
  # Each ends only when the other has begun.
  step stage-files.sh <<'STEP'
touch "$BATS_TEST_TMPDIR/staging"
for ((i = 0; i < 100; i++)); do [ -e "$BATS_TEST_TMPDIR/pulling" ] && exit; sleep 0.1; done
exit 1
STEP
  step pull-image.sh <<'STEP'
touch "$BATS_TEST_TMPDIR/pulling"
for ((i = 0; i < 100; i++)); do [ -e "$BATS_TEST_TMPDIR/staging" ] && exit; sleep 0.1; done
exit 1
STEP
  boot
  [ "$status" -eq 0 ]
}

@test "ends with the staging that fails" {
  has stages "/models web.sh"
  step stage-files.sh <<'STEP'
echo "no files in /models" >"$RUN_FOLDER/failure"; exit 1
STEP
  boot
  [ "$status" -eq 1 ]
  noted "no files in /models"
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
  [ "$(cat "$BATS_TEST_TMPDIR/steps")" = fetch-program ]
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

@test "forgets the failure of the attempt before when it has come through" {
  echo "old" >"$RUN_FOLDER/failure"
  step check-host.sh <<'STEP'
[ "$(cat "$RUN_FOLDER/failure")" = old ]
STEP
  boot
  [ "$status" -eq 0 ]
  [ ! -e "$RUN_FOLDER/failure" ]
}
