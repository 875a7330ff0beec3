#!/usr/bin/env bats
# Ending the machines of a cluster that has never served.

load support

setup() {
  set_up_boot
  copy_programs
  mkdir "$STATE_FOLDER/host" "$RUN_FOLDER/announce"
  export UPTIME_FILE="$BATS_TEST_TMPDIR/uptime"
  is_up 1000
  has stop "stop.sh eu-1 cluster-a"
  has settings "role=head" "stop_unasked_seconds=3600"
  step sources/stop.sh <<'STEP'
echo "stopped $*" >>"$FAKE_CALLS"
exit "${STOP_CODE:-0}"
STEP
}

is_up() { echo "$1.00 1.00" >"$UPTIME_FILE"; }

# says <argument of stop-cluster.sh>...
says() {
  run "$PROGRAMS/stop-cluster.sh" "$@"
  [ "$status" -eq 0 ]
}

stopped() { [ "$(grep -c '^stopped eu-1 cluster-a$' "$FAKE_CALLS" || true)" -eq "$1" ]; }

NO_QUESTION="An error occurred (ParameterNotFound) when calling the GetParameter operation"

@test "stop-cluster.sh after a failure ends the machines, and says what for" {
  says FAILURE
  stopped 1
  [[ "$output" == *"ending the machines of this cluster, which has never served: it has failed" ]]
}

@test "stop-cluster.sh of a cluster that has served, or whose user wants them to go on, ends no machine" {
  says SUCCESS
  says FAILURE
  stopped 0
  rm "$STATE_FOLDER/host/served"
  : >"$BOOT_FOLDER/stop"
  says FAILURE
  stopped 0
}

@test "stop-cluster.sh where nothing has ever asked ends the machines after the time of the settings, counted from the first look" {
  says unasked "$NO_QUESTION" ""
  is_up 4599
  says unasked "$NO_QUESTION" ""
  stopped 0
  is_up 4600
  says unasked "$NO_QUESTION" ""
  stopped 1
}

@test "stop-cluster.sh where a question has gone ends the machines after five minutes" {
  says unasked "$NO_QUESTION" some-address
  is_up 1299
  says unasked "$NO_QUESTION" some-address
  stopped 0
  is_up 1300
  says unasked "$NO_QUESTION" some-address
  stopped 1
}

@test "stop-cluster.sh where the source fails ends no machine, and counts again afterwards" {
  says unasked "$NO_QUESTION" some-address
  is_up 2000
  says unasked "could not connect" some-address
  stopped 0
  says unasked "$NO_QUESTION" some-address
  stopped 0
}

@test "stop-cluster.sh where the machines cannot be ended says so and fails nothing" {
  STOP_CODE=255 says FAILURE
  [[ "$output" == *"could not be ended; trying again" ]]
}
