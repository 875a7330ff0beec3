#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test has variables of its own
# Readiness signals: one for each signal URL, which appears nowhere else.

load support

SIGNAL_ADDRESS="https://signal.example/secret?key=abc"

setup() {
  set_up_boot
  copy_programs
  export PAUSE_SECONDS=0.1 SIGNAL_ADDRESS SIGNALS="$BATS_TEST_TMPDIR/signals" ANSWER_SECONDS=60
  touch "$SIGNALS"
  has announce "web.sh here"
  has workloads "store.sh bucket/"
  workload '{"schema": 1}'
  has gate --name=gate image:1 wait
  is head
  step sources/web.sh <<'STEP'
echo "asked $*" >>"$FAKE_CALLS"
printf '%s' "$SIGNAL_ADDRESS $NUMBER $ANSWER_SECONDS"
STEP
  step sources/store.sh <<'STEP'
echo "fetched $*" >>"$FAKE_CALLS"
printf '%s' "$WORKLOAD_TEXT"
STEP
  # Stands in for put_signal.py, and records what it would send, and where.
  cat >"$PROGRAMS/put_signal.py" <<'PY'
import os, sys
with open(os.environ["SIGNALS"], "a") as file:
    address = open(sys.argv[1]).read().split()[0]
    print(oct(os.stat(sys.argv[1]).st_mode & 0o777), address, *sys.argv[2:], sys.stdin.read().strip(), file=file)
sys.exit(int(os.environ.get("SIGNAL_CODE", "0")))
PY
  fake hostname '-I|0|10.20.0.7 172.17.0.1' '|0|ip-10-20-0-7'
  fake journalctl '*|0|last line of the boot'
  runs node-1
}

teardown() {
  if [ -n "${ANNOUNCE:-}" ]; then kill "$ANNOUNCE" 2>/dev/null || true; fi
}

# is <role> [setting]...: the settings of this machine.
is() {
  has settings "container=ray-cluster" "role=$1" "announce_boot_seconds=60" "${@:2}"
}

# workload <text>: what is asked for.
workload() {
  export WORKLOAD_TEXT="$1" NUMBER
  NUMBER="$(printf '%s' "$1" | sha256sum | cut -c 1-12)"
}

# runs <id of the container, empty: none> [exit code and output of the readiness check]
runs() {
  fake docker "ps*|0|$1" "rm*|1|" "run --name=gate image:1 wait|${2:-0|cluster 'a' is serving after 5 s\\n  completion: 42}"
}

# announce <seconds> [number]: runs for so long, or until that many signals were sent.
announce() {
  "$PROGRAMS/announce.sh" >"$BATS_TEST_TMPDIR/log" 2>&1 &
  ANNOUNCE=$!
  local step
  for ((step = 0; step < $1 * 10; step++)); do
    sleep 0.1
    [ "$(grep -cE 'SUCCESS|FAILURE' "$SIGNALS")" -lt "${2:-1}" ] || break
  done
  # It records the signal afterwards.
  sleep 0.3
  kill "$ANNOUNCE" 2>/dev/null || true
  wait "$ANNOUNCE" 2>/dev/null || true
}

told() {
  # shellcheck disable=SC2053 # a pattern is what it is
  [[ "$(cat "$SIGNALS")" == $1 ]] || {
    cat "$SIGNALS" "$BATS_TEST_TMPDIR/log"
    return 1
  }
}

@test "announce.sh on a head whose cluster serves signals SUCCESS with the verdict, by a file closed to others" {
  announce 10
  told "0o600 $SIGNAL_ADDRESS SUCCESS head cluster 'a' is serving after 5 s"$'\n'"  completion: 42"
}

@test "announce.sh puts the signal URL into no argument and no log" {
  announce 10
  [ -s "$SIGNALS" ]
  lacks "secret?key" "$FAKE_CALLS"
  lacks "secret?key" "$BATS_TEST_TMPDIR/log"
}

@test "announce.sh signals a URL once, also after a reboot, and a new URL again" {
  announce 10
  announce 1 2
  [ "$(grep -c SUCCESS "$SIGNALS")" -eq 1 ]
  rm -r "$RUN_FOLDER"
  announce 1 2
  [ "$(grep -c SUCCESS "$SIGNALS")" -eq 1 ]
  SIGNAL_ADDRESS=https://signal.example/next
  announce 10 2
  [ "$(grep -c SUCCESS "$SIGNALS")" -eq 2 ]
}

@test "announce.sh brings the workload that is asked for before the readiness check, and the next one with the next URL" {
  announce 10
  [ "$(cat "$STATE_FOLDER/host/workload.json")" = "$WORKLOAD_TEXT" ]
  grep -qx "fetched bucket/ $NUMBER.json" "$FAKE_CALLS"
  [ "$(grep -n '^fetched' "$FAKE_CALLS" | cut -d : -f 1)" -lt "$(grep -n '^docker run' "$FAKE_CALLS" | cut -d : -f 1)" ]
  workload '{"schema": 1, "cluster": "b"}'
  SIGNAL_ADDRESS=https://signal.example/next
  announce 10 2
  grep -qx "fetched bucket/ $NUMBER.json" "$FAKE_CALLS"
  [ "$(cat "$STATE_FOLDER/host/workload.json")" = "$WORKLOAD_TEXT" ]
  [ "$(grep -c SUCCESS "$SIGNALS")" -eq 2 ]
}

@test "announce.sh brings no workload with another content than its number says, and after the deadline says so" {
  ANSWER_SECONDS=2
  NUMBER=0123456789ab
  announce 10
  lacks "docker run" "$FAKE_CALLS"
  told "* FAILURE head ip-10-20-0-7 (10.20.0.7): what was fetched as workload 0123456789ab is $(printf '%s' "$WORKLOAD_TEXT" | sha256sum | cut -c 1-12)"$'\n'"*"
}

@test "announce.sh with a workload that cannot be fetched tries again, and after the deadline says why" {
  ANSWER_SECONDS=2
  step sources/store.sh <<<'echo "An error occurred (404) when calling the HeadObject operation" >&2; exit 1'
  announce 10
  lacks "docker run" "$FAKE_CALLS"
  told "* FAILURE head ip-10-20-0-7 (10.20.0.7): could not fetch workload $NUMBER: An error occurred (404)*"
  [ "$(grep -c 'could not fetch' "$BATS_TEST_TMPDIR/log")" -eq 2 ]
}

@test "announce.sh with a workload that the head refuses for now brings it again" {
  fake docker "ps*|0|node-1" "rm*|1|" "run*|1|workload $NUMBER is refused: another one is rolled out" "run*|0|cluster 'a' is serving after 1 s"
  announce 10
  told "*SUCCESS head cluster 'a' is serving after 1 s"
  [ "$(grep -c '^fetched' "$FAKE_CALLS")" -eq 2 ]
}

@test "announce.sh with a workload that the node program cannot use signals FAILURE at once" {
  runs node-1 "2|workload.json: schema: must be 1, the only one this node program reads, got 2"
  announce 10
  told "* FAILURE head ip-10-20-0-7 (10.20.0.7): the node program cannot use workload $NUMBER"$'\n'"workload.json: schema: must be 1*"
  [ "$(grep -c '^docker run' "$FAKE_CALLS")" -eq 1 ]
}

@test "announce.sh on a head whose cluster failed signals FAILURE with the verdict and without the progress before it" {
  runs node-1 "1|[  0 s of 60 s] starting\\ncluster 'a' is not serving: membership\\n  culprit: gpu-1 (10.20.0.8)\\n  last log lines:\\n    x"
  announce 10
  told "* FAILURE head cluster 'a' is not serving: membership"$'\n'"  culprit: gpu-1 (10.20.0.8)"$'\n'"  last log lines:*x"
}

@test "announce.sh with a readiness check that cannot run signals nothing and tries again" {
  fake docker "ps*|0|node-1" "rm*|1|" "run*|125|Cannot connect to the Docker daemon" "run*|0|cluster 'a' is serving after 1 s"
  announce 10
  told "*SUCCESS head cluster 'a' is serving after 1 s"
  grep -q "the readiness check has no verdict: Cannot connect" "$BATS_TEST_TMPDIR/log"
}

@test "announce.sh with a container that is not running yet runs no readiness check" {
  fake docker "ps*|0|" "ps*|0|" "ps*|0|node-1" "rm*|1|" "run*|0|cluster 'a' is serving after 1 s"
  announce 10
  told "*SUCCESS head cluster 'a' is serving after 1 s"
  [ "$(grep -c '^docker run' "$FAKE_CALLS")" -eq 1 ]
  [ "$(grep -n '^docker run' "$FAKE_CALLS" | cut -d : -f 1)" -gt "$(grep -n '^docker ps' "$FAKE_CALLS" | sed -n '3s/:.*//p')" ]
}

@test "announce.sh without a signal URL runs no readiness check and logs the reason once" {
  step sources/web.sh <<<'echo ParameterNotFound >&2; exit 1'
  announce 1
  [ ! -s "$SIGNALS" ]
  lacks "docker run" "$FAKE_CALLS"
  [ "$(grep -c 'nothing asks for a signal: ParameterNotFound' "$BATS_TEST_TMPDIR/log")" -eq 1 ]
}

@test "announce.sh after the deadline signals FAILURE with the last progress" {
  ANSWER_SECONDS=2
  # A program of its own: the stand-in is a link.
  rm "$BIN/docker"
  cat >"$BIN/docker" <<'DOCKER'
#!/usr/bin/env bash
[ "$1" != ps ] || echo node-1
[ "$1" = run ] || exit 0
echo "[  1 s of 60 s] waits for gpu-1"
exec sleep 30
DOCKER
  chmod +x "$BIN/docker"
  announce 10
  told "* FAILURE head ip-10-20-0-7 (10.20.0.7): timed out after 2 s: the cluster is not serving"$'\n'"*waits for gpu-1"
}

@test "announce.sh after the deadline without a container signals FAILURE with the log of the boot" {
  ANSWER_SECONDS=1
  runs ""
  announce 10
  told "* FAILURE head ip-10-20-0-7 (10.20.0.7): the container is not running"$'\n'"last log lines of the boot:"$'\n'"last line of the boot"
}

@test "announce.sh on a healthy worker does not ask for the signal URL" {
  is worker
  announce 1
  [ ! -s "$FAKE_CALLS" ] || lacks asked "$FAKE_CALLS"
  [ ! -s "$SIGNALS" ]
}

@test "announce.sh on a machine whose boot keeps failing signals FAILURE with its name and the log of the boot" {
  is worker node=gpu-1
  sed -i 's/announce_boot_seconds=60/announce_boot_seconds=1/' "$BOOT_FOLDER/settings"
  echo "31 of 32 EFA-devices" >"$RUN_FOLDER/failure"
  runs ""
  announce 10
  told "* FAILURE ip-10-20-0-7 gpu-1 (10.20.0.7): 31 of 32 EFA-devices"$'\n'"last log lines of the boot:"$'\n'"last line of the boot"
}

@test "announce.sh with a failure shorter than the limit signals nothing" {
  is worker
  sed -i 's/announce_boot_seconds=60/announce_boot_seconds=3/' "$BOOT_FOLDER/settings"
  echo "no secret 'ray-token'" >"$RUN_FOLDER/failure"
  (sleep 1.5 && rm "$RUN_FOLDER/failure") &
  announce 5
  [ ! -s "$SIGNALS" ]
}

@test "announce.sh with a failure that ends before a URL is known signals SUCCESS" {
  sed -i 's/announce_boot_seconds=60/announce_boot_seconds=1/' "$BOOT_FOLDER/settings"
  echo "cannot pull" >"$RUN_FOLDER/failure"
  step sources/web.sh <<'STEP'
[ "$(grep -c asked "$FAKE_CALLS")" -gt 0 ] || { echo asked >>"$FAKE_CALLS"; sleep 2; rm "$RUN_FOLDER/failure"; exit 1; }
printf '%s' "$SIGNAL_ADDRESS $NUMBER 60"
STEP
  announce 10
  told "*SUCCESS head *"
}

@test "announce.sh with a failure that is gone at one check still counts it" {
  is worker
  sed -i 's/announce_boot_seconds=60/announce_boot_seconds=2/' "$BOOT_FOLDER/settings"
  # The pause between two looks; at each it comes or goes.
  export PAUSE_SECONDS=0.21
  cat >"$BIN/sleep" <<'SLEEP'
#!/usr/bin/env bash
if [ "$1" = "$PAUSE_SECONDS" ]; then
  rm "$RUN_FOLDER/failure" 2>/dev/null || echo "cannot pull" >"$RUN_FOLDER/failure"
fi
exec /bin/sleep "$1"
SLEEP
  chmod +x "$BIN/sleep"
  announce 10
  told "* FAILURE ip-10-20-0-7 *: cannot pull*"
}

@test "announce.sh with a signal that was refused sends it again" {
  export SIGNAL_CODE=1
  sed -i 's/attempt 120/attempt 0/' "$PROGRAMS/announce.sh"
  announce 10 2
  [ "$(grep -c SUCCESS "$SIGNALS")" -ge 2 ]
  [ ! -e "$STATE_FOLDER/host/announced" ]
}

# greets: what was sent to the address of the second line.
greets() { grep -c ' SUCCESS head booted$' "$SIGNALS" || true; }

@test "announce.sh of a head says once that it has booted, at the address of the second line" {
  has announce "web.sh here" "web.sh booted"
  runs ""
  announce 1 99
  [ "$(greets)" -eq 1 ]
  grep -q '^asked booted$' "$FAKE_CALLS"
}

@test "announce.sh tries again where its word was not taken" {
  has announce "web.sh here" "web.sh booted"
  runs ""
  export SIGNAL_CODE=1
  announce 2 2
  [ "$(greets)" -gt 1 ]
}

@test "announce.sh asks for no verdict, which takes long, before its word was taken" {
  has announce "web.sh here" "web.sh booted"
  sed -i 's/"SIGNAL_CODE", "0"/"SIGNAL_CODE", "1" if open(os.environ["SIGNALS"]).read().count("booted") < 2 else "0"/' "$PROGRAMS/put_signal.py"
  announce 10 3
  told "* SUCCESS head booted"$'\n'"* SUCCESS head booted"$'\n'"* SUCCESS head cluster 'a' is serving after 5 s"*
  [ "$(grep -c '^docker run' "$FAKE_CALLS")" -eq 1 ]
  grep -q "could not say that this machine has booted" "$BATS_TEST_TMPDIR/log"
}

@test "announce.sh of a worker, or without a second line, does not say that it has booted" {
  runs ""
  announce 1
  [ "$(greets)" -eq 0 ]
  has announce "web.sh here" "web.sh booted"
  is worker
  announce 1
  [ "$(greets)" -eq 0 ]
}

@test "announce.sh ends a failure with what goes on, and how it is stopped" {
  is head
  sed -i 's/announce_boot_seconds=60/announce_boot_seconds=0/' "$BOOT_FOLDER/settings"
  ANSWER_SECONDS="60 The machines go on, for 1.00 USD per hour."
  echo "no GPUs" >"$RUN_FOLDER/failure"
  announce 2
  tail -n 1 "$SIGNALS" | grep -qx 'The machines go on, for 1.00 USD per hour\.'
}

@test "announce.sh tells stop-cluster.sh what it has signalled, and that nothing asks" {
  step stop-cluster.sh <<'STEP'
echo "stop $*" >>"$FAKE_CALLS"
STEP
  announce 10
  runs node-1 "1|cluster 'a' is not serving: no GPUs"
  SIGNAL_ADDRESS=https://signal.example/next
  announce 10 2
  step sources/web.sh <<'STEP'
echo "An error occurred (ParameterNotFound)" >&2
exit 1
STEP
  announce 1 3
  grep '^stop ' "$FAKE_CALLS" | uniq >"$BATS_TEST_TMPDIR/said"
  printf 'stop %s\n' SUCCESS FAILURE "unasked An error occurred (ParameterNotFound) " | diff "$BATS_TEST_TMPDIR/said" -
}
