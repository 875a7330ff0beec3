#!/usr/bin/env bats
# Both parts of the readiness check over ssh: on the machine of Terraform, and on the head's machine.

setup() {
  SCRIPTS="$BATS_TEST_DIRNAME/../../lib/cloud-init"
  BIN="$BATS_TEST_TMPDIR/bin"
  export RUN_FOLDER="$BATS_TEST_TMPDIR/run" PAUSE_SECONDS=0.1
  export ANSWERS="$BATS_TEST_TMPDIR/answers" CALLS="$BATS_TEST_TMPDIR/calls"
  export TMPDIR="$BATS_TEST_TMPDIR/temporary"
  mkdir "$BIN" "$RUN_FOLDER" "$TMPDIR"
  touch "$ANSWERS" "$CALLS"
  # Its number is the hash of every byte.
  WORKLOAD=$'{"schema": 1, "text": "$(a) `b`"}\n'
  PATH="$BIN:$PATH"
}

# program <name>: reads the body of a stand-in from its input.
program() {
  { printf '#!/usr/bin/env bash\n' && cat; } >"$BIN/$1"
  chmod +x "$BIN/$1"
}

# The next line of `answers` is what ssh or the readiness check does: an exit code and its output.
# shellcheck disable=SC2016 # the stand-ins expand it
next_answer='
  mapfile -t lines <"$ANSWERS"
  read -r code text <<<"${lines[0]:-0 the end}"
  printf "%s\n" "${lines[@]:1}" >"$ANSWERS"'

fake_ssh() {
  program ssh <<SSH
printf '%s\n' "\$@" >>"\$CALLS"
cat >"$BATS_TEST_TMPDIR/input"
head -c "\$(wc -c <"$SCRIPTS/wait-on-head.sh")" "$BATS_TEST_TMPDIR/input" | cmp -s - "$SCRIPTS/wait-on-head.sh" || exit 99
tail -c "+\$((\$(wc -c <"$SCRIPTS/wait-on-head.sh") + 1))" "$BATS_TEST_TMPDIR/input" >"$BATS_TEST_TMPDIR/brought"
$next_answer
if [ "\$code" = 255 ]; then printf '%s\n' "\$text" >&2; else printf '%s\n' "\$text"; fi
exit "\$code"
SSH
}

# `is_up` lies there while the container runs, whose Python records what it is asked for, and the files that are named to it.
fake_docker() {
  program docker <<DOCKER
case "\$1" in
  inspect) if [ -e "$RUN_FOLDER/is_up" ]; then echo true; else exit 1; fi ;;
  exec) [ "\$2 \$3" = "--interactive ray-cluster" ] && exec "\${@:4}" ;;
esac
DOCKER
  program python3 <<PYTHON
printf '%s\n' "\${*//\${5%/*}/FOLDER}" >>"\$CALLS"
cp "\$5" "$BATS_TEST_TMPDIR/workload" && cp "\$7" "$BATS_TEST_TMPDIR/who"
$next_answer
printf '%s\n' "\$text"
exit "\$code"
PYTHON
}

# on_head <seconds>: as ssh runs it.
on_head() {
  run bash -s -- "$1" < <(cat "$SCRIPTS/wait-on-head.sh" && printf 'ci@builder\n%s' "$WORKLOAD")
}

wait_by_ssh() {
  CLUSTER=llama WORKLOAD="$WORKLOAD" HEAD='gpu-0 (10.30.0.10)' TIMEOUT_SECONDS="$1" \
    SSH_ARGUMENTS="$(printf '%s\n' -o 'IdentityFile=~/.ssh/a b' -p 22 -l root -- 10.30.0.10)" \
    run sh "$SCRIPTS/wait-by-ssh.sh"
}

@test "wait-by-ssh.sh with a machine that is starting tries again, and prints each message once" {
  fake_ssh
  printf '%s\n' '255 connection refused' '255 connection refused' '255 no route to host' \
    "0 cluster 'llama' is serving" >"$ANSWERS"
  wait_by_ssh 60
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 3 ]
  [ "${lines[0]}" = 'cannot reach gpu-0 (10.30.0.10) over ssh: connection refused' ]
  [ "${lines[1]}" = 'cannot reach gpu-0 (10.30.0.10) over ssh: no route to host' ]
  [ "${lines[2]}" = "cluster 'llama' is serving" ]
}

@test "wait-by-ssh.sh passes its arguments to ssh, and the remaining time to the head" {
  fake_ssh
  wait_by_ssh 60
  [ "$status" -eq 0 ]
  mapfile -t arguments <"$CALLS"
  [ "${arguments[1]}" = 'IdentityFile=~/.ssh/a b' ]
  [ "${arguments[7]}" = 10.30.0.10 ]
  [[ "${arguments[8]}" =~ ^bash\ -s\ --\ (59|60)$ ]]
}

@test "wait-by-ssh.sh brings who deploys, and every byte of the workload" {
  fake_ssh
  wait_by_ssh 60
  [ "$status" -eq 0 ]
  printf '%s\n%s' "$(id -un)@$(hostname)" "$WORKLOAD" | cmp - "$BATS_TEST_TMPDIR/brought"
}

@test "wait-by-ssh.sh with a verdict against the cluster exits with its code" {
  fake_ssh
  echo '1 culprit: gpu-2 (10.30.0.12)' >"$ANSWERS"
  wait_by_ssh 60
  [ "$status" -eq 1 ]
  [ "$output" = 'culprit: gpu-2 (10.30.0.12)' ]
}

@test "wait-by-ssh.sh passes no escapes of a head, or of what it says when it cannot be reached, to the terminal" {
  program ssh <<'SSH'
[ -e "$CALLS.again" ] || { touch "$CALLS.again" && printf 'banner\033]0;owned\007\n' >&2 && exit 255; }
printf 'all\033[2J is\r well\302\2332J\nno line feed\033'
SSH
  wait_by_ssh 60
  [ "$status" -eq 0 ]
  [ "$output" = $'cannot reach gpu-0 (10.30.0.10) over ssh: banner]0;owned\nall[2J is well2J\nno line feed' ]
}

@test "wait-by-ssh.sh with a machine out of reach names it at the deadline" {
  program ssh <<<'echo "no route to host" >&2; exit 255'
  wait_by_ssh 1
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "cluster 'llama' is not serving: cannot reach gpu-0 (10.30.0.10) over ssh: no route to host" ]
}

@test "wait-on-head.sh with a running container brings it the workload, prints its verdict and leaves nothing there" {
  fake_docker
  touch "$RUN_FOLDER/is_up"
  echo "0 cluster 'llama' is serving" >"$ANSWERS"
  on_head 60
  [ "$status" -eq 0 ]
  [ "$output" = "cluster 'llama' is serving" ]
  [ "$(cat "$CALLS")" = '-m ray_node wait --workload FOLDER/workload.json --holder FOLDER/who' ]
  printf '%s' "$WORKLOAD" | cmp - "$BATS_TEST_TMPDIR/workload"
  [ "$(cat "$BATS_TEST_TMPDIR/who")" = ci@builder ]
  [ -z "$(ls "$TMPDIR")" ]
}

@test "wait-on-head.sh with a workload that the node program cannot use ends at once" {
  fake_docker
  touch "$RUN_FOLDER/is_up"
  echo '2 schema: must be 2' >"$ANSWERS"
  on_head 60
  [ "$status" -eq 2 ]
  [ "$output" = 'schema: must be 2' ]
}

@test "wait-on-head.sh with a boot that fails prints each reason once" {
  fake_docker
  echo 'cannot pull the image x' >"$RUN_FOLDER/failure"
  (sleep 0.6 && rm "$RUN_FOLDER/failure" && sleep 0.3 && touch "$RUN_FOLDER/is_up") &
  echo '1 culprit: gpu-2' >"$ANSWERS"
  on_head 60
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 3 ]
  [ "${lines[0]}" = 'the head: cannot pull the image x' ]
  [ "${lines[1]}" = 'the head: its machine is booting' ]
  [ "${lines[2]}" = 'culprit: gpu-2' ]
}

@test "wait-on-head.sh with a container that restarts waits for it again" {
  fake_docker
  touch "$RUN_FOLDER/is_up"
  printf '%s\n' '137 gone' '0 it serves' >"$ANSWERS"
  on_head 60
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = 'it serves' ]
}

@test "wait-on-head.sh at the deadline prints the last reason of the boot" {
  fake_docker
  echo 'no secret' >"$RUN_FOLDER/failure"
  on_head 1
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "the cluster is not serving: the head's container is not running: no secret" ]
}
