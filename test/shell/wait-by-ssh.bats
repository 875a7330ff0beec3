#!/usr/bin/env bats
# The wait on the machine of a head: the part on the machine of Terraform, and the part that it brings there.

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

# The next line of `answers` is what ssh or the gate does: an exit code and what it says.
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

@test "a machine that starts is tried again, and what ssh says is said once" {
  fake_ssh
  printf '%s\n' '255 connection refused' '255 connection refused' '255 no route to host' \
    "0 cluster 'llama' is serving" >"$ANSWERS"
  wait_by_ssh 60
  [ "$status" -eq 0 ]
  [ "${#lines[@]}" -eq 3 ]
  [ "${lines[0]}" = 'gpu-0 (10.30.0.10) cannot be reached by ssh: connection refused' ]
  [ "${lines[1]}" = 'gpu-0 (10.30.0.10) cannot be reached by ssh: no route to host' ]
  [ "${lines[2]}" = "cluster 'llama' is serving" ]
}

@test "the arguments of ssh come as they are, and the head gets what is left of the time" {
  fake_ssh
  wait_by_ssh 60
  [ "$status" -eq 0 ]
  mapfile -t arguments <"$CALLS"
  [ "${arguments[1]}" = 'IdentityFile=~/.ssh/a b' ]
  [ "${arguments[7]}" = 10.30.0.10 ]
  [[ "${arguments[8]}" =~ ^bash\ -s\ --\ (59|60)$ ]]
}

@test "what the cluster says against itself is the end, with its exit code" {
  fake_ssh
  echo '1 culprit: gpu-2 (10.30.0.12)' >"$ANSWERS"
  wait_by_ssh 60
  [ "$status" -eq 1 ]
  [ "$output" = 'culprit: gpu-2 (10.30.0.12)' ]
}

@test "a machine that nobody reaches is named after the deadline" {
  program ssh <<<'echo "no route to host" >&2; exit 255'
  wait_by_ssh 1
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "cluster 'llama' is not serving: gpu-0 (10.30.0.10) cannot be reached by ssh: no route to host" ]
}

@test "on the head, the gate speaks as soon as the container runs" {
  fake_docker
  touch "$RUN_FOLDER/is_up"
  echo "0 cluster 'llama' is serving" >"$ANSWERS"
  run bash "$SCRIPTS/wait-on-head.sh" 60
  [ "$status" -eq 0 ]
  [ "$output" = "cluster 'llama' is serving" ]
  [ "$(cat "$CALLS")" = 'exec ray-cluster python3 -m ray_node wait' ]
}

@test "on the head, a boot that fails says why, once, until it is well" {
  fake_docker
  echo 'cannot pull the image x' >"$RUN_FOLDER/failure"
  (sleep 0.6 && rm "$RUN_FOLDER/failure" && sleep 0.3 && touch "$RUN_FOLDER/is_up") &
  echo '1 culprit: gpu-2' >"$ANSWERS"
  run bash "$SCRIPTS/wait-on-head.sh" 60
  [ "$status" -eq 1 ]
  [ "${#lines[@]}" -eq 3 ]
  [ "${lines[0]}" = 'the head: cannot pull the image x' ]
  [ "${lines[1]}" = 'the head: its machine boots' ]
  [ "${lines[2]}" = 'culprit: gpu-2' ]
}

@test "on the head, a container that ends in between is waited for again" {
  fake_docker
  touch "$RUN_FOLDER/is_up"
  printf '%s\n' '137 gone' '0 it serves' >"$ANSWERS"
  run bash "$SCRIPTS/wait-on-head.sh" 60
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = 'it serves' ]
}

@test "on the head, the deadline passes with what the boot said last" {
  fake_docker
  echo 'no secret' >"$RUN_FOLDER/failure"
  run bash "$SCRIPTS/wait-on-head.sh" 1
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = 'the cluster is not serving: the container of the head does not run: no secret' ]
}
