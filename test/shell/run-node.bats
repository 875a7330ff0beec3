#!/usr/bin/env bats
# Runs the container with the arguments of `argv`, one a line.

load support

setup() {
  set_up_boot
  has settings "container=ray-cluster"
}

@test "run-node.sh passes every line to docker run as one argument" {
  has argv "--name=ray-cluster" "--env=A=b c \$HOME 'd'" "image:1" "start"
  cat >"$BIN/docker" <<'DOCKER'
#!/usr/bin/env bash
printf '<%s>' "$@" >>"$FAKE_CALLS"
echo >>"$FAKE_CALLS"
DOCKER
  chmod +x "$BIN/docker"
  run "$PROGRAMS/run-node.sh"
  [ "$status" -eq 0 ]
  [ "$(sed -n 1p "$FAKE_CALLS")" = "<rm><--force><ray-cluster>" ]
  [ "$(sed -n 2p "$FAKE_CALLS")" = \
    "<run><--name=ray-cluster><--env=A=b c \$HOME 'd'><image:1><start>" ]
}

@test "run-node.sh exits with the code of the container" {
  has argv "image:1"
  fake docker 'rm*|1|' 'run image:1|7|'
  run "$PROGRAMS/run-node.sh"
  [ "$status" -eq 7 ]
}

@test "run-node.sh with a container that did not start notes a failure" {
  has settings "container=ray-cluster" "image=image:1"
  has argv "image:1"
  fake docker 'rm*|1|' 'run image:1|125|could not select device driver'
  run "$PROGRAMS/run-node.sh"
  [ "$status" -eq 125 ]
  [[ "$output" == *"could not select device driver"* ]]
  noted "Docker could not start the container of image:1"
}

@test "run-node.sh with a container that did not start notes the words of Docker" {
  has settings "container=ray-cluster" "image=image:1"
  has argv "image:1"
  fake docker 'rm*|1|' "run image:1|125|docker: Error response from daemon: no such file or directory: /dev/x.\\n\\nRun 'docker run --help' for more information"
  run "$PROGRAMS/run-node.sh"
  [ "$status" -eq 125 ]
  [[ "$output" == *"--help"* ]]
  noted "Docker could not start the container of image:1: Error response from daemon: no such file or directory: /dev/x."
}

@test "run-node.sh with a container that ran notes no failure" {
  has argv "image:1"
  fake docker 'rm*|0|' 'run image:1|143|'
  run "$PROGRAMS/run-node.sh"
  [ "$status" -eq 143 ]
  [ ! -e "$RUN_FOLDER/failure" ]
}
