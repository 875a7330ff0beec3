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

@test "boot.sh runs the steps in order" {
  boot
  [ "$status" -eq 0 ]
  [ "$(paste -sd ' ' "$BATS_TEST_TMPDIR/steps")" = \
    "fetch-program fetch-secrets install-docker check-host pull-image" ]
}

@test "boot.sh waits for the time where the machine keeps it, and goes on without it" {
  fake systemctl 'is-active --quiet chronyd.service|0|' '*|3|'
  fake timedatectl '*|0|no'
  has settings "mount_seconds=0" "disk_seconds=0" "time_seconds=0"
  boot
  [ "$status" -eq 0 ]
  [[ "$output" == *"the clock is not synchronised yet; the boot goes on"* ]]
  fake timedatectl '*|0|yes'
  boot
  [[ "$output" != *synchronised* ]]
}

@test "boot.sh on a machine that does not keep the time asks nobody" {
  fake systemctl '*|3|'
  fake timedatectl '*|0|no'
  boot
  [ "$status" -eq 0 ]
  [ "$(grep -c timedatectl "$FAKE_CALLS")" -eq 0 ]
}

@test "a wait lasts as long as the machine's uptime says, whatever is done to the clock" {
  export UPTIME_FILE="$BATS_TEST_TMPDIR/uptime"
  echo "100.25 50.00" >"$UPTIME_FILE"
  # shellcheck source=/dev/null
  source "$PROGRAMS/common.sh"
  ticks() { echo "$((100 + ++tick)).0 0" >"$UPTIME_FILE"; return 1; }
  tick=0
  # The wall clock that bash counts by steps an hour ahead.
  SECONDS=3600
  attempt 3 ticks || true
  [ "$tick" -eq 3 ]
}

@test "boot.sh with mounts waits for them before it makes folders" {
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

@test "boot.sh closes the ports after Docker is there and before the container is" {
  has filter "action apply"
  fake nft '*|0|'
  step packet-filter.sh <<'STEP'
echo "filter $(cat)" >>"$BATS_TEST_TMPDIR/steps"
STEP
  boot
  [ "$status" -eq 0 ]
  [ "$(paste -sd ' ' "$BATS_TEST_TMPDIR/steps")" = \
    "fetch-program fetch-secrets install-docker filter action apply check-host pull-image" ]
}

@test "boot.sh starts no container where the ports cannot be closed" {
  has filter "action apply"
  fake nft '*|0|'
  step packet-filter.sh <<<"exit 1"
  boot
  [ "$status" -ne 0 ]
  noted "the cluster's ports cannot be closed: nft failed"
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/steps")" = install-docker ]
}

@test "boot.sh with stages stages files while the image is pulled, and waits for both" {
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

@test "boot.sh with a stage that fails exits with its message" {
  has stages "/models web.sh"
  step stage-files.sh <<'STEP'
echo "no files in /models" >"$RUN_FOLDER/failure"; exit 1
STEP
  boot
  [ "$status" -eq 1 ]
  noted "no files in /models"
}

@test "boot.sh makes the container's folders" {
  has folders "$BATS_TEST_TMPDIR/a/b" "$BATS_TEST_TMPDIR/c d"
  boot
  [ -d "$BATS_TEST_TMPDIR/a/b" ]
  [ -d "$BATS_TEST_TMPDIR/c d" ]
}

@test "boot.sh starts what copies the logs as soon as it is there, and goes on where it does not start" {
  has logs "aws-logs.sh us-east-1 group"
  fake systemctl 'enable*|1|' '*|3|'
  boot
  [ "$status" -eq 0 ]
  [ "$(grep -c 'systemctl enable --now --no-block ray-cluster-logs.service' "$FAKE_CALLS")" -eq 1 ]
  [[ "$output" == *"the logs stay on this machine"* ]]
  rm "$BOOT_FOLDER/logs"
  boot
  [ "$(grep -c ray-cluster-logs "$FAKE_CALLS")" -eq 1 ]
}

@test "boot.sh with a disk folder waits until it is mounted" {
  has settings "disk_folder=/mnt/disk" "disk_seconds=60"
  fake mountpoint '-q /mnt/disk|1|' '-q /mnt/disk|1|' '-q /mnt/disk|0|'
  boot
  [ "$status" -eq 0 ]
  [ "$(grep -c mountpoint "$FAKE_CALLS")" -eq 3 ]
}

@test "boot.sh with a disk that is not mounted in time notes which one" {
  has settings "disk_folder=/mnt/disk" "disk_seconds=0"
  fake mountpoint '*|1|'
  boot
  [ "$status" -eq 1 ]
  [[ "$(cat "$RUN_FOLDER/failure")" == "the local disk is not mounted at /mnt/disk" ]]
  [ "$(cat "$BATS_TEST_TMPDIR/steps")" = fetch-program ]
}

@test "boot.sh with a step that fails stops there and keeps its message" {
  step check-host.sh <<'STEP'
echo "0 of 8 GPUs" >"$RUN_FOLDER/failure"; exit 1
STEP
  boot
  [ "$status" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/failure")" = "0 of 8 GPUs" ]
  lacks pull-image "$BATS_TEST_TMPDIR/steps"
}

@test "boot.sh with all steps done removes the failure of an earlier attempt" {
  echo "old" >"$RUN_FOLDER/failure"
  step check-host.sh <<'STEP'
[ "$(cat "$RUN_FOLDER/failure")" = old ]
STEP
  boot
  [ "$status" -eq 0 ]
  [ ! -e "$RUN_FOLDER/failure" ]
}
