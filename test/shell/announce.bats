#!/usr/bin/env bats
# Readiness signals: one for each signal URL, which appears nowhere else.

load support

SIGNAL_ADDRESS="https://signal.example/secret?key=abc"

setup() {
  set_up_boot
  copy_programs
  export PAUSE_SECONDS=0.1 SIGNAL_ADDRESS SIGNALS="$BATS_TEST_TMPDIR/signals"
  touch "$SIGNALS"
  has announce "web.sh here"
  has gate --name=gate image:1 wait
  is head
  step sources/web.sh <<'STEP'
echo "asked $*" >>"$FAKE_CALLS"
printf '%s' "$SIGNAL_ADDRESS"
STEP
  # Stands in for put_signal.py, and records what it would send, and where.
  cat >"$PROGRAMS/put_signal.py" <<'PY'
import os, sys
with open(os.environ["SIGNALS"], "a") as file:
    address = open(sys.argv[1]).read()
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
  has settings "container=ray-cluster" "role=$1" "announce_seconds=60" "announce_boot_seconds=60" "${@:2}"
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

@test "announce.sh on a head whose cluster failed signals FAILURE with the verdict and without the progress before it" {
  runs node-1 "1|[  0 s of 60 s] starting\\ncluster 'a' is not serving: membership\\n  culprit: gpu-1 (10.20.0.8)\\n  last log lines:\\n    x"
  announce 10
  told "* FAILURE head cluster 'a' is not serving: membership"$'\n'"  culprit: gpu-1 (10.20.0.8)"$'\n'"  last log lines:*x"
}

@test "announce.sh with a readiness check that cannot run signals nothing and tries again" {
  fake docker "ps*|0|node-1" "rm*|1|" "run*|125|Cannot connect to the Docker daemon" "run*|0|cluster 'a' is serving after 1 s"
  announce 10
  told "*SUCCESS head cluster 'a' is serving after 1 s"
  grep -q "the readiness check could not run: Cannot connect" "$BATS_TEST_TMPDIR/log"
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
  [ "$(grep -c 'waiting for the signal URL: ParameterNotFound' "$BATS_TEST_TMPDIR/log")" -eq 1 ]
}

@test "announce.sh after the deadline signals FAILURE with the last progress" {
  sed -i 's/announce_seconds=60/announce_seconds=2/' "$BOOT_FOLDER/settings"
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
  sed -i 's/announce_seconds=60/announce_seconds=1/' "$BOOT_FOLDER/settings"
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
printf '%s' "$SIGNAL_ADDRESS"
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
