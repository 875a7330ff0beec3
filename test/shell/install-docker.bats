#!/usr/bin/env bats
# Stand-ins replace the programs of the host; the tests check which are called, and in which order.

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
  ln -s "$(command -v awk)" "$BIN/awk"
  fake sleep '*|0|'
  fake id '-u|0|0'
}

# fake <program> <answer>...
fake() {
  ln -sf "$FAKE" "$BIN/$1"
  printf '%s\n' "${@:2}" >"$FAKE_ANSWERS/$1"
}

# install_docker [<seconds to wait for the package manager>]
install_docker() {
  PATH="$BIN" LOCK_SECONDS="${1:-0}" run bash "$SCRIPT"
}

# Whether a program was called, with these first arguments.
called() {
  grep -q -- "^$1" "$FAKE_CALLS"
}

not_called() {
  ! called "$1"
}

@test "install-docker.sh with Docker running does nothing" {
  fake docker 'version*|0|20.10.24'
  fake apt-get '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  [ "$(cat "$FAKE_CALLS")" = "docker version --format {{.Server.Version}}" ]
}

@test "install-docker.sh as another user than root fails" {
  fake id '-u|0|1000'
  fake apt-get '*|0|'
  install_docker
  [ "$status" -eq 1 ]
  [[ "$output" == *"only root can install or start it"* ]]
  not_called apt-get
}

@test "install-docker.sh on Amazon Linux installs the package by dnf" {
  SYSTEMD_RUN_FOLDER="$BATS_TEST_TMPDIR"
  fake docker 'version*|1|' 'version*|0|25.0.8'
  fake dnf '-q info docker|0|Name         : docker\nVersion      : 25.0.8' '-q info*|1|' 'install*|0|'
  fake systemctl '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  called "dnf install -y -q docker$"
  called "systemctl enable --now docker"
}

@test "install-docker.sh on openEuler installs docker-engine, also by yum" {
  SYSTEMD_RUN_FOLDER="$BATS_TEST_TMPDIR"
  fake docker 'version*|1|' 'version*|0|18.09.0'
  fake yum '-q info docker-engine|0|Name         : docker-engine' '-q info*|1|' 'install*|0|'
  fake systemctl '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  called "yum install -y -q docker-engine$"
}

@test "install-docker.sh on a distribution whose docker is Podman installs nothing" {
  fake docker 'version*|1|'
  fake dnf '-q info docker|0|Name         : podman-docker' '-q info*|1|' 'install*|0|'
  install_docker
  [ "$status" -eq 1 ]
  [[ "$output" == *"no package of the Docker engine: add Docker's repository"* ]]
  not_called "dnf install"
}

@test "install-docker.sh that fails ends with the line that has a cause" {
  fake docker 'version*|1|'
  fake apt-cache '*|1|'
  fake apt-get 'update*|0|' 'install*|100|E: Unable to locate package docker.io\nN: see apt-secure(8)'
  install_docker
  [ "$status" -eq 1 ]
  [ "${lines[-1]}" = "docker: apt-get install failed: E: Unable to locate package docker.io" ]
}

@test "install-docker.sh waits for the lock of another program" {
  fake docker 'version*|1|' 'version*|0|20.10.24'
  fake apt-cache '*|1|'
  fake apt-get 'update*|0|' 'install*|100|E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 9 (unattended-upgr)' 'install*|0|'
  fake setsid '*|0|'
  install_docker 60
  [ "$status" -eq 0 ]
}

@test "install-docker.sh waits for the lock of yum" {
  SYSTEMD_RUN_FOLDER="$BATS_TEST_TMPDIR"
  fake docker 'version*|1|' 'version*|0|25.0.8'
  fake yum '-q info docker|0|Name         : docker' '-q info*|1|' 'install*|1|Existing lock /var/run/yum.pid: another copy is running as pid 9.' 'install*|0|'
  fake systemctl '*|0|'
  install_docker 60
  [ "$status" -eq 0 ]
  [ "$(grep -c '^yum install' "$FAKE_CALLS")" -eq 2 ]
}

@test "install-docker.sh without apt-get and dnf fails" {
  install_docker
  [ "$status" -eq 1 ]
  [[ "$output" == *"this distribution has neither apt-get nor dnf"* ]]
}

@test "install-docker.sh without systemd installs the package and starts the engine in the background" {
  fake docker 'version*|1|' 'version*|1|' 'version*|0|20.10.24'
  fake apt-cache '*|1|'
  fake apt-get '*|0|'
  fake setsid '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  called "apt-get update"
  called "apt-get install -y -q --no-install-recommends docker.io$"
  called "setsid dockerd"
  [[ "$output" == *"Docker is running"* ]]
}

@test "install-docker.sh with a separate client package installs it too" {
  fake docker 'version*|1|' 'version*|0|26.1.5'
  fake apt-cache 'show docker-cli|0|Package: docker-cli'
  fake apt-get '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  called "apt-get install -y -q --no-install-recommends docker.io docker-cli$"
}

@test "install-docker.sh with systemd starts the engine by systemd" {
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

@test "install-docker.sh with an engine that the package started starts no second one" {
  fake docker 'version*|1|' 'version*|0|20.10.24'
  fake dockerd '*|0|'
  fake setsid '*|0|'
  install_docker
  [ "$status" -eq 0 ]
  not_called setsid
  [[ "$output" == *"the package started the engine"* ]]
}

@test "install-docker.sh with an engine that exits fails at once with its log" {
  fake docker 'version*|1|'
  fake dockerd '*|0|'
  fake setsid '*|0|'
  DOCKER_READY_SECONDS=600
  echo "failed to start daemon: no cgroups" >"$DOCKERD_LOG"
  install_docker
  [ "$status" -eq 1 ]
  [[ "$output" == *"no cgroups"* ]]
  [[ "$output" == *"exited right after its start"* ]]
}

@test "install-docker.sh with an engine that does not answer in time fails with its log" {
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

@test "install-docker.sh with a package that cannot be installed fails" {
  fake docker 'version*|1|'
  fake apt-cache '*|1|'
  fake apt-get 'update*|0|' 'install*|100|E: Unable to locate package docker.io'
  install_docker
  [ "$status" -eq 1 ]
  [[ "$output" == *"Unable to locate package docker.io"*"apt-get install failed"* ]]
  not_called setsid
}
