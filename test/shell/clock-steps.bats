#!/usr/bin/env bats
# The wall clock is set by an hour while something waits, as at a first boot: no deadline comes early, and none is missed.

load support

setup() {
  set_up_boot
  command -v gcc >/dev/null || skip "no gcc"
  STARTED=()
  export STEP_FILE="$BATS_TEST_TMPDIR/step"
  gcc -shared -fPIC -o "$BATS_TEST_TMPDIR/stepped_clock.so" "$BATS_TEST_DIRNAME/../support/stepped_clock.c"
}

teardown() {
  if [ "${#STARTED[@]}" -gt 0 ]; then kill "${STARTED[@]}" 2>/dev/null || true; fi
}

# start <command>...: beside others; its output is that of all.
start() {
  LD_PRELOAD="$BATS_TEST_TMPDIR/stepped_clock.so" "$@" >>"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
  STARTED+=("$!")
}

# step_by <seconds>: after a second.
step_by() {
  sleep 1
  echo "$1" >"$STEP_FILE"
}

# All of them end, after 3 seconds by a clock that nobody sets: this test's sleep.
all_end_in_time() {
  sleep 1
  kill -0 "${STARTED[@]}"
  local pid tries
  for pid in "${STARTED[@]}"; do
    for ((tries = 0; tries < 60; tries++)); do
      kill -0 "$pid" 2>/dev/null || continue 2
      sleep 0.1
    done
    return 1
  done
}

@test "the stand-in steps what bash and date call the time" {
  echo 0 >"$STEP_FILE"
  # shellcheck disable=SC2016 # the other shell expands it
  run env LD_PRELOAD="$BATS_TEST_TMPDIR/stepped_clock.so" bash -c \
    'before=$SECONDS at=$(date +%s); echo 3600 >"$STEP_FILE"; echo $((SECONDS - before)) $(($(date +%s) - at))'
  [[ "$output" =~ ^360[01]\ 360[01]$ ]]
}

@test "attempt and insist count seconds that nobody sets" {
  local by words
  for by in 3600 -3600; do
    STARTED=()
    echo 0 >"$STEP_FILE"
    for words in "attempt 3 false" "insist 3 message false"; do
      # shellcheck disable=SC2016 # the other shell expands it
      start env RETRY_SECONDS=0.2 bash -c '. "$0"; '"$words" "$PROGRAMS/common.sh"
    done
    step_by "$by"
    all_end_in_time
  done
}

@test "the waits of a head and of an operator do so, too" {
  local by waits="$BATS_TEST_DIRNAME/../../lib/cloud-init"
  fake docker '*|1|'
  fake ssh '*|255|'
  fake curl '*|7|'
  for by in 3600 -3600; do
    STARTED=()
    : >"$BATS_TEST_TMPDIR/log"
    echo 0 >"$STEP_FILE"
    for words in "bash $waits/wait-on-head.sh 3" "sh $waits/wait-by-ssh.sh" "sh $waits/wait-by-http.sh"; do
      # shellcheck disable=SC2086 # words
      start env PAUSE_SECONDS=0.2 TIMEOUT_SECONDS=3 CLUSTER=a HEAD=b WORKLOAD={} SSH_ARGUMENTS=c \
        REPORT_URL=http://d:1 $words
    done
    step_by "$by"
    all_end_in_time
    [ "$(grep -c "not serving" "$BATS_TEST_TMPDIR/log")" -eq 3 ]
  done
}

@test "announce.sh on a head that boots says nothing when the clock is set" {
  copy_programs
  export SIGNALS="$BATS_TEST_TMPDIR/signals"
  has settings "container=ray-cluster" "role=head" "announce_boot_seconds=900"
  has announce "here.sh x"
  step sources/here.sh <<<'printf "https://signal.example/k 0123456789ab 3000"'
  # shellcheck disable=SC2016 # the stand-in expands it
  printf 'import os, sys\nopen(os.environ["SIGNALS"], "a").write(" ".join(sys.argv[2:]) + sys.stdin.read())\n' \
    >"$PROGRAMS/put_signal.py"
  fake docker 'ps*|0|'
  fake hostname '*|0|10.0.0.7'
  fake journalctl '*|0|last line'
  # A boot that fails, but not for long.
  echo 'cannot pull the image' >"$RUN_FOLDER/failure"
  for by in 3600 -3600; do
    STARTED=()
    echo 0 >"$STEP_FILE"
    start env PAUSE_SECONDS=0.2 bash "$PROGRAMS/announce.sh"
    step_by "$by"
    sleep 1.5
    kill "${STARTED[@]}"
    [ ! -e "$SIGNALS" ]
  done
}
