#!/usr/bin/env bats
# Both parts of the readiness check over ssh: on the machine of Terraform, and on the head's machine.

setup() {
  SCRIPTS="$BATS_TEST_DIRNAME/../../lib/cloud-init"
  BIN="$BATS_TEST_TMPDIR/bin"
  export RUN_FOLDER="$BATS_TEST_TMPDIR/run" PAUSE_SECONDS=0.1
  export ANSWERS="$BATS_TEST_TMPDIR/answers" CALLS="$BATS_TEST_TMPDIR/calls"
  mkdir "$BIN" "$RUN_FOLDER"
  touch "$ANSWERS" "$CALLS"
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
cmp -s - "$SCRIPTS/wait-on-head.sh" || exit 99
$next_answer
if [ "\$code" = 255 ]; then printf '%s\n' "\$text" >&2; else printf '%s\n' "\$text"; fi
exit "\$code"
SSH
}

# `is_up` lies there while the container runs.
fake_docker() {
  program docker <<DOCKER
case "\$1" in
  inspect) if [ -e "$RUN_FOLDER/is_up" ]; then echo true; else exit 1; fi ;;
  exec)
    printf '%s\n' "\$*" >>"\$CALLS"
    $next_answer
    printf '%s\n' "\$text"
    exit "\$code"
    ;;
esac
DOCKER
}

wait_by_ssh() {
  CLUSTER=llama HEAD='gpu-0 (10.30.0.10)' TIMEOUT_SECONDS="$1" \
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

@test "wait-by-ssh.sh with a verdict against the cluster exits with its code" {
  fake_ssh
  echo '1 culprit: gpu-2 (10.30.0.12)' >"$ANSWERS"
  wait_by_ssh 60
  [ "$status" -eq 1 ]
  [ "$output" = 'culprit: gpu-2 (10.30.0.12)' ]
}

@test "wait-by-ssh.sh with a machine out of reach names it at the deadline" {
  program ssh <<<'echo "no route to host" >&2; exit 255'
  wait_by_ssh 1
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "cluster 'llama' is not serving: cannot reach gpu-0 (10.30.0.10) over ssh: no route to host" ]
}

@test "wait-on-head.sh with a running container prints its verdict" {
  fake_docker
  touch "$RUN_FOLDER/is_up"
  echo "0 cluster 'llama' is serving" >"$ANSWERS"
  run bash "$SCRIPTS/wait-on-head.sh" 60
  [ "$status" -eq 0 ]
  [ "$output" = "cluster 'llama' is serving" ]
  [ "$(cat "$CALLS")" = 'exec ray-cluster python3 -m ray_node wait' ]
}

@test "wait-on-head.sh with a boot that fails prints each reason once" {
  fake_docker
  echo 'cannot pull the image x' >"$RUN_FOLDER/failure"
  (sleep 0.6 && rm "$RUN_FOLDER/failure" && sleep 0.3 && touch "$RUN_FOLDER/is_up") &
  echo '1 culprit: gpu-2' >"$ANSWERS"
  run bash "$SCRIPTS/wait-on-head.sh" 60
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
  run bash "$SCRIPTS/wait-on-head.sh" 60
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = 'it serves' ]
}

@test "wait-on-head.sh at the deadline prints the last reason of the boot" {
  fake_docker
  echo 'no secret' >"$RUN_FOLDER/failure"
  run bash "$SCRIPTS/wait-on-head.sh" 1
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "the cluster is not serving: the head's container is not running: no secret" ]
}
