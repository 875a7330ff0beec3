#!/usr/bin/env bash
# Gives the Docker engine of this host the runtime `nvidia`: installs NVIDIA's container toolkit from NVIDIA's signed
# packages, registers it, and restarts the engine, which stops its containers. Does nothing where the engine has the
# runtime. The driver must be installed already.
#
#   TOOLKIT_REPOSITORY   repository of the packages (https://nvidia.github.io/libnvidia-container)
#   TOOLKIT_KEYRING      keyring with its key       (/usr/share/keyrings/nvidia-container-toolkit.gpg)
#   TOOLKIT_LIST         its entry for apt          (/etc/apt/sources.list.d/nvidia-container-toolkit.list)
#   TOOLKIT_RPM_LIST     its entry for dnf          (/etc/yum.repos.d/nvidia-container-toolkit.repo)
#   NVIDIA_DEVICE        exists where the driver is (/dev/nvidiactl)
#   DOCKER_READY_SECONDS how long the engine may take to answer (60)
set -euo pipefail

# docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html, read 2026-11-21
readonly REPOSITORY="${TOOLKIT_REPOSITORY:-https://nvidia.github.io/libnvidia-container}"
readonly KEYRING="${TOOLKIT_KEYRING:-/usr/share/keyrings/nvidia-container-toolkit.gpg}"
readonly LIST="${TOOLKIT_LIST:-/etc/apt/sources.list.d/nvidia-container-toolkit.list}"
readonly RPM_LIST="${TOOLKIT_RPM_LIST:-/etc/yum.repos.d/nvidia-container-toolkit.repo}"
readonly DEVICE="${NVIDIA_DEVICE:-/dev/nvidiactl}"
readonly READY_SECONDS="${DOCKER_READY_SECONDS:-60}"

main() {
  if has_runtime; then
    info "the Docker engine has the runtime 'nvidia' already"
    return
  fi
  require_root
  require_driver
  if ! command -v nvidia-ctk >/dev/null; then
    install_toolkit
  fi
  register
  restart_engine
  wait_for_runtime
}

info() { printf 'toolkit: %s\n' "$*"; }

fatal() {
  printf 'toolkit: %s\n' "$*" >&2
  exit 1
}

has_runtime() {
  docker info --format '{{range $name, $_ := .Runtimes}}{{println $name}}{{end}}' 2>/dev/null | grep -Fxq nvidia
}

require_root() {
  [ "$(id -u)" -eq 0 ] || fatal "only root can install the toolkit"
}

require_driver() {
  [ -e "$DEVICE" ] || fatal "$DEVICE is missing: install NVIDIA's driver first, and reboot"
}

install_toolkit() {
  if command -v apt-get >/dev/null; then
    trust_repository
    info "installing NVIDIA's container toolkit"
    quietly apt-get update -q
    quietly apt-get install -y -q nvidia-container-toolkit
  elif command -v dnf >/dev/null; then
    add_rpm_repository
    info "installing NVIDIA's container toolkit"
    quietly dnf install -y -q nvidia-container-toolkit
  else
    fatal "cannot install the toolkit: this distribution has neither apt-get nor dnf"
  fi
}

# The list names the key, and must require signed metadata.
add_rpm_repository() {
  local lines
  info "adding NVIDIA's repository $REPOSITORY"
  lines="$(fetch stable/rpm/nvidia-container-toolkit.repo)" || fatal "cannot fetch the package list of $REPOSITORY"
  [[ "$lines" == *repo_gpgcheck=1* ]] || fatal "the package list of $REPOSITORY does not require signatures"
  printf '%s\n' "$lines" >"$RPM_LIST"
}

# NVIDIA's key is trusted for this repository only.
trust_repository() {
  export DEBIAN_FRONTEND=noninteractive
  info "adding NVIDIA's repository $REPOSITORY"
  quietly apt-get update -q
  quietly apt-get install -y -q --no-install-recommends ca-certificates curl gnupg
  local key lines
  key="$(fetch gpgkey)" || fatal "cannot fetch $REPOSITORY/gpgkey"
  gpg --batch --yes --dearmor --output "$KEYRING" <<<"$key"
  lines="$(fetch stable/deb/nvidia-container-toolkit.list)" || fatal "cannot fetch the package list of $REPOSITORY"
  printf '%s\n' "${lines//deb https:/deb [signed-by=$KEYRING] https:}" >"$LIST"
}

fetch() { curl --fail --silent --show-error --location "$REPOSITORY/$1"; }

# Runs a command and prints its output only if it fails.
quietly() {
  local output
  if ! output="$("$@" 2>&1)"; then
    printf '%s\n' "$output" >&2
    fatal "$1 $2 failed"
  fi
}

register() {
  info "registering the runtime in the engine's configuration"
  quietly nvidia-ctk runtime configure --runtime=docker
}

restart_engine() {
  info "restarting the Docker engine"
  quietly systemctl restart docker
}

wait_for_runtime() {
  local deadline=$((SECONDS + READY_SECONDS))
  until has_runtime; do
    [ "$SECONDS" -lt "$deadline" ] || fatal "the engine does not have the runtime after $READY_SECONDS s"
    sleep 1
  done
  info "the engine has the runtime 'nvidia'"
}

main
