#!/usr/bin/env bash
# Makes sure that Docker is running on this host: installs the distribution's package if it is missing, and starts the
# engine with systemd or, without systemd, in the background. Does nothing where Docker is running.
#
#   DOCKER_READY_SECONDS  how long the engine may take to answer        (60)
#   DOCKERD_LOG           its log, without systemd                      (/var/log/dockerd.log)
#   SYSTEMD_RUN_FOLDER    exists where systemd is the init system       (/run/systemd/system)
#   LOCK_SECONDS          how long to wait for the package manager      (600)
set -euo pipefail

readonly READY_SECONDS="${DOCKER_READY_SECONDS:-60}"
readonly LOG="${DOCKERD_LOG:-/var/log/dockerd.log}"
readonly SYSTEMD_FOLDER="${SYSTEMD_RUN_FOLDER:-/run/systemd/system}"

# How long another program may hold the package manager's lock, and what apt, dpkg, dnf and yum say then.
readonly LOCK_SECONDS="${LOCK_SECONDS:-600}"
readonly LOCKED="Could not get lock|is another process using it|Unable to acquire the dpkg frontend lock|[Aa]nother app is currently holding|another copy is running"

# Process id of an engine started in the background.
engine_pid=""

main() {
  if engine_answers; then
    info "Docker is running already"
    return
  fi
  require_root
  if ! is_installed; then
    install_engine
  fi
  start_engine
  wait_for_engine
}

info() { printf 'docker: %s\n' "$*"; }

# Clocks are set while a machine boots; its uptime only grows. The script stands alone, on machines without the others.
uptime_seconds() {
  local uptime
  read -r uptime _ </proc/uptime
  printf '%s' "${uptime%.*}"
}

fatal() {
  printf 'docker: %s\n' "$*" >&2
  exit 1
}

require_root() {
  [ "$(id -u)" -eq 0 ] || fatal "Docker is not running, and only root can install or start it"
}

is_installed() {
  command -v dockerd >/dev/null && command -v docker >/dev/null
}

engine_answers() {
  docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

install_engine() {
  if command -v apt-get >/dev/null; then
    info "installing the distribution's Docker engine"
    install_by_apt
  elif command -v dnf >/dev/null; then
    info "installing the distribution's Docker engine"
    install_by_rpm dnf
  elif command -v yum >/dev/null; then
    info "installing the distribution's Docker engine"
    install_by_rpm yum
  else
    fatal "cannot install Docker: this distribution has neither apt-get nor dnf nor yum"
  fi
}

# The engine has another name in each family: Docker's own repository, openEuler, Fedora, Amazon Linux. On RHEL and its
# kin the name `docker` brings Podman, so only packages of exactly these names count.
install_by_rpm() {
  local name
  for name in docker-ce docker-engine moby-engine docker; do
    if "$1" -q info "$name" 2>/dev/null | awk -v name="$name" '$1 == "Name" && $NF == name { found = 1 } END { exit !found }'; then
      quietly "$1" install -y -q "$name"
      return
    fi
  done
  fatal "this distribution has no package of the Docker engine: add Docker's repository (docs.docker.com/engine/install), and run this again"
}

install_by_apt() {
  local packages=(docker.io)
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-get update -q
  # Newer releases package the client separately.
  if apt-cache show docker-cli >/dev/null 2>&1; then
    packages+=(docker-cli)
  fi
  quietly apt-get install -y -q --no-install-recommends "${packages[@]}"
}

# Runs a command and prints its output only if it fails; waits while another program holds the package manager's lock, as
# unattended upgrades do for minutes after a first boot.
quietly() {
  local output deadline=$(($(uptime_seconds) + LOCK_SECONDS))
  until output="$("$@" 2>&1)"; do
    if ! [[ "$output" =~ $LOCKED ]] || [ "$(uptime_seconds)" -ge "$deadline" ]; then
      printf '%s\n' "$output" >&2
      fatal "$1 $2 failed: $(cause "$output")"
    fi
    sleep 5
  done
}

# The last line that names a cause, else the last line: package managers end with lines that do not.
cause() {
  local line last="no output" found=""
  while IFS= read -r line; do
    [[ "$line" =~ [^[:space:]] ]] || continue
    last="$line"
    if [[ "$line" =~ ^(E:|Error|error:|fatal|curl:|gpg:)|[Ee]rror: ]]; then found="$line"; fi
  done <<<"$1"
  printf '%s' "${found:-$last}"
}

start_engine() {
  if [ -d "$SYSTEMD_FOLDER" ]; then
    info "starting the engine with systemd"
    systemctl enable --now docker
  elif engine_answers; then
    info "the package started the engine"
  else
    info "starting the engine in the background, log $LOG"
    # In a session of its own, so that it survives the terminal of the caller.
    setsid dockerd </dev/null >>"$LOG" 2>&1 &
    engine_pid=$!
  fi
}

wait_for_engine() {
  local deadline=$(($(uptime_seconds) + READY_SECONDS))
  until engine_answers; do
    if engine_has_ended; then
      show_log
      fatal "the engine exited right after its start"
    fi
    if [ "$(uptime_seconds)" -ge "$deadline" ]; then
      show_log
      fatal "the engine did not answer within $READY_SECONDS s"
    fi
    sleep 1
  done
  info "Docker is running"
}

engine_has_ended() {
  [ -n "$engine_pid" ] && ! kill -0 "$engine_pid" 2>/dev/null
}

show_log() {
  if [ -d "$SYSTEMD_FOLDER" ]; then
    journalctl -u docker -n 20 --no-pager >&2 || true
  elif [ -f "$LOG" ]; then
    tail -n 20 "$LOG" >&2
  fi
}

main "$@"
