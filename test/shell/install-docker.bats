#!/usr/bin/env bats
# The host's programs are stand-ins; what counts is which of them are called, in which order.

SCRIPT="$BATS_TEST_DIRNAME/../../lib/bootstrap/rootfs/usr/local/lib/ray-cluster/install-docker.sh"
FAKE="$BATS_TEST_DIRNAME/../support/fake-program.sh"

setup() {
  export FAKE_CALLS="$BATS_TEST_TMPDIR/calls" FAKE_ANSWERS="$BATS_TEST_TMPDIR/answers"
  export DOCKERD_LOG="$BATS_TEST_TMPDIR/dockerd.log" DOCKER_READY_SECONDS=2
  export SYSTEMD_RUN_FOLDER="$BATS_TEST_TMPDIR/no-systemd"
  BIN="$BATS_TEST_TMPDIR/bin"
  mkdir "$BIN" "$FAKE_ANSWERS"
  : >"$FAKE_CALLS"
  ln -s "$(command -v bash)" "$BIN/bash"
  ln -s "$(command -v tail)" "$BIN/tail"
  fake sleep '*|0|'
  fake id '-u|0|0'
}

# fake <program> <answer>...
fake() {
  ln -sf "$FAKE" "$BIN/$1"
  printf '%s\n' "${@:2}" >"$FAKE_ANSWERS/$1"
}

install_docker() {
  PATH="$BIN" run bash "$SCRIPT"
}

# Whether a program was called, with these first arguments.
called() {
  grep -q -- "^$1" "$FAKE_CALLS"
}

not_called() {
  ! called "$1"
}

@test "does nothing where an engine answers" {
  fake docker 'version*|0|20.10.24'
  fake apt-get '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  [ "$(cat "$FAKE_CALLS")" = "docker version --format {{.Server.Version}}" ]
}

@test "refuses to install as another user than root" {
  fake id '-u|0|1000'
  fake apt-get '*|0|'
  install_docker
  [ "$status" -eq 1 ]
  [[ "$output" == *"only root can install or start one"* ]]
  not_called apt-get
}

@test "installs the package of Amazon Linux by dnf" {
  SYSTEMD_RUN_FOLDER="$BATS_TEST_TMPDIR"
  fake docker 'version*|1|' 'version*|0|25.0.8'
  fake dnf '*|0|'
  fake systemctl '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  called "dnf install -y -q docker$"
  called "systemctl enable --now docker"
}

@test "says so where there is neither apt-get nor dnf" {
  install_docker
  [ "$status" -eq 1 ]
  [[ "$output" == *"this distribution does not have"* ]]
}

@test "installs the package and starts the engine in the background where there is no systemd" {
  fake docker 'version*|1|' 'version*|1|' 'version*|0|20.10.24'
  fake apt-cache '*|1|'
  fake apt-get '*|0|'
  fake setsid '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  called "apt-get update"
  called "apt-get install -y -q --no-install-recommends docker.io$"
  called "setsid dockerd"
  [[ "$output" == *"the engine answers"* ]]
}

@test "installs the client too where it has a package of its own" {
  fake docker 'version*|1|' 'version*|0|26.1.5'
  fake apt-cache 'show docker-cli|0|Package: docker-cli'
  fake apt-get '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  called "apt-get install -y -q --no-install-recommends docker.io docker-cli$"
}

@test "starts the engine with systemd where that runs the host" {
  SYSTEMD_RUN_FOLDER="$BATS_TEST_TMPDIR"
  fake docker 'version*|1|' 'version*|0|20.10.24'
  fake dockerd '*|0|'
  fake systemctl '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  called "systemctl enable --now docker"
  not_called setsid
  not_called apt-get
}

@test "starts no second engine where the package has started one" {
  fake docker 'version*|1|' 'version*|0|20.10.24'
  fake dockerd '*|0|'
  fake setsid '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  not_called setsid
  [[ "$output" == *"the package has started the engine"* ]]
}

@test "fails at once with the engine's log where the engine ends" {
  fake docker 'version*|1|'
  fake dockerd '*|0|'
  fake setsid '*|0|'
  DOCKER_READY_SECONDS=600
  echo "failed to start daemon: no cgroups" >"$DOCKERD_LOG"
  install_docker
  [ "$status" -eq 1 ]
  [[ "$output" == *"no cgroups"* ]]
  [[ "$output" == *"ended right after its start"* ]]
}

@test "fails with the engine's log where it does not answer in time" {
  SYSTEMD_RUN_FOLDER="$BATS_TEST_TMPDIR"
  fake docker 'version*|1|'
  fake dockerd '*|0|'
  fake systemctl '*|0|'
  fake journalctl '-u docker*|0|failed to start daemon: no space left'
  install_docker
  [ "$status" -eq 1 ]
  [[ "$output" == *"no space left"* ]]
  [[ "$output" == *"did not answer within 2 s"* ]]
}

@test "fails where the package cannot be installed" {
  fake docker 'version*|1|'
  fake apt-cache '*|1|'
  fake apt-get 'update*|0|' 'install*|100|E: Unable to locate package docker.io'
  install_docker
  [ "$status" -eq 1 ]
  [[ "$output" == *"Unable to locate package docker.io"*"apt-get install failed"* ]]
  not_called setsid
}
