#!/usr/bin/env bash
# Gives the Docker engine of this host the runtime `nvidia`: installs NVIDIA's container toolkit from NVIDIA's signed
# packages, registers it, and restarts the engine, which stops its containers. Does nothing where the engine has the
# runtime. The driver must be installed already. When it fails, the host's lists of packages and the engine's configuration
# are as they were.
#
#   TOOLKIT_REPOSITORY   repository of the packages (https://nvidia.github.io/libnvidia-container)
#   TOOLKIT_KEYRING      keyring with its key       (/usr/share/keyrings/nvidia-container-toolkit.gpg)
#   TOOLKIT_LIST         its entry for apt          (/etc/apt/sources.list.d/nvidia-container-toolkit.list)
#   APT_FOLDER           apt's configuration        (/etc/apt)
#   DOCKER_CONFIGURATION the engine's configuration (/etc/docker/daemon.json)
#   LOCK_SECONDS         how long to wait for the package manager (600)
#   TOOLKIT_RPM_LIST     its entry for dnf          (/etc/yum.repos.d/nvidia-container-toolkit.repo)
#   NVIDIA_DEVICE        exists where the driver is (/dev/nvidiactl)
#   DOCKER_READY_SECONDS how long the engine may take to answer (60)
set -euo pipefail

# docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html, read 2026-11-21
readonly REPOSITORY="${TOOLKIT_REPOSITORY:-https://nvidia.github.io/libnvidia-container}"
# Of the key for libnvidia-container and the toolkit (as published with it, and pinned by other installers; read 2026-11-29).
readonly FINGERPRINT=C95B321B61E88C1809C4F759DDCAE044F796ECB0
readonly KEYRING="${TOOLKIT_KEYRING:-/usr/share/keyrings/nvidia-container-toolkit.gpg}"
readonly LIST="${TOOLKIT_LIST:-/etc/apt/sources.list.d/nvidia-container-toolkit.list}"
readonly RPM_LIST="${TOOLKIT_RPM_LIST:-/etc/yum.repos.d/nvidia-container-toolkit.repo}"
readonly DEVICE="${NVIDIA_DEVICE:-/dev/nvidiactl}"
readonly READY_SECONDS="${DOCKER_READY_SECONDS:-60}"
readonly APT="${APT_FOLDER:-/etc/apt}"
readonly CONFIGURATION="${DOCKER_CONFIGURATION:-/etc/docker/daemon.json}"
# How long another program may hold the package manager's lock, and what apt, dpkg, dnf and yum say then.
readonly LOCK_SECONDS="${LOCK_SECONDS:-600}"
readonly LOCKED="Could not get lock|is another process using it|Unable to acquire the dpkg frontend lock|[Aa]nother app is currently holding|another copy is running"

# Files that were written, and the engine's configuration before it was changed, to be taken back.
written=() configuration_before="" is_configured=no

main() {
  if has_runtime; then
    info "the Docker engine has the runtime 'nvidia' already"
    return
  fi
  require_root
  require_driver
  trap take_back EXIT
  if ! command -v nvidia-ctk >/dev/null; then
    install_toolkit
  fi
  register
  restart_engine
  wait_for_runtime
  trap - EXIT
}

info() { printf 'toolkit: %s\n' "$*"; }

# Clocks are set while a machine boots; its uptime only grows. The script stands alone, on machines without the others.
uptime_seconds() {
  local uptime
  read -r uptime _ </proc/uptime
  printf '%s' "${uptime%.*}"
}

fatal() {
  printf 'toolkit: %s\n' "$*" >&2
  exit 1
}

# A list that breaks apt breaks it for everything on the host.
take_back() {
  local file
  for file in ${written[@]+"${written[@]}"}; do
    rm -f "$file"
    info "removed $file again"
  done
  [ "$is_configured" = yes ] || return 0
  if [ -n "$configuration_before" ]; then
    printf '%s\n' "$configuration_before" >"$CONFIGURATION"
  else
    rm -f "$CONFIGURATION"
  fi
  systemctl restart docker || true
  info "restored the engine's configuration"
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
  elif command -v yum >/dev/null; then
    add_rpm_repository
    info "installing NVIDIA's container toolkit"
    quietly yum install -y -q nvidia-container-toolkit
  else
    fatal "cannot install the toolkit: this distribution has neither apt-get nor dnf nor yum"
  fi
}

# The list names the key, and must require signed metadata.
add_rpm_repository() {
  local lines
  if knows_repository "${RPM_LIST%/*}"; then return; fi
  info "adding NVIDIA's repository $REPOSITORY"
  lines="$(fetch stable/rpm/nvidia-container-toolkit.repo)" || fatal "cannot fetch the package list of $REPOSITORY"
  require_key "$(fetch gpgkey)"
  [[ "$lines" == *repo_gpgcheck=1* ]] || fatal "the package list of $REPOSITORY does not require signatures"
  written+=("$RPM_LIST")
  printf '%s\n' "$lines" >"$RPM_LIST"
}

# NVIDIA's key is trusted for this repository only.
trust_repository() {
  export DEBIAN_FRONTEND=noninteractive
  # A second list of the same address with another key makes every call of apt fail ("Conflicting values set for option
  # Signed-By").
  if knows_repository "$APT"; then return; fi
  info "adding NVIDIA's repository $REPOSITORY"
  quietly apt-get update -q
  quietly apt-get install -y -q --no-install-recommends ca-certificates curl gnupg
  local key lines
  key="$(fetch gpgkey)" || fatal "cannot fetch $REPOSITORY/gpgkey"
  require_key "$key"
  # One that is there is not ours to replace or to remove.
  if [ ! -e "$KEYRING" ]; then
    written+=("$KEYRING")
    gpg --batch --yes --dearmor --output "$KEYRING" <<<"$key"
  fi
  written+=("$LIST")
  lines="$(fetch stable/deb/nvidia-container-toolkit.list)" || fatal "cannot fetch the package list of $REPOSITORY"
  printf '%s\n' "${lines//deb https:/deb [signed-by=$KEYRING] https:}" >"$LIST"
}

# require_key <key>: it is NVIDIA's, and there is no other beside it.
require_key() {
  local line fields primary="" prints=()
  while IFS= read -r line; do
    IFS=: read -r -a fields <<<"$line"
    case "${fields[0]:-}" in
      pub) primary=yes ;;
      sub) primary="" ;;
      fpr) [ -z "$primary" ] || prints+=("${fields[9]:-}") ;;
    esac
  done < <(gpg --batch --show-keys --with-colons <<<"$1" 2>/dev/null)
  [ "${prints[*]:-}" = "$FINGERPRINT" ] ||
    fatal "the key at $REPOSITORY/gpgkey has the fingerprint ${prints[*]:-(none)}, not NVIDIA's $FINGERPRINT"
}

# knows_repository <folder>: whether a list there names the repository, whoever wrote it.
knows_repository() {
  grep -rqs --include='*.list' --include='*.sources' --include='*.repo' -- "${REPOSITORY#https://}" "$1" || return 1
  info "this host has NVIDIA's repository already"
}

fetch() { curl --fail --silent --show-error --location "$REPOSITORY/$1"; }

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

register() {
  info "registering the runtime in the engine's configuration"
  [ ! -f "$CONFIGURATION" ] || configuration_before="$(<"$CONFIGURATION")"
  is_configured=yes
  quietly nvidia-ctk runtime configure --runtime=docker
}

restart_engine() {
  info "restarting the Docker engine"
  quietly systemctl restart docker
}

wait_for_runtime() {
  local deadline=$(($(uptime_seconds) + READY_SECONDS))
  until has_runtime; do
    [ "$(uptime_seconds)" -lt "$deadline" ] || fatal "the engine does not have the runtime after $READY_SECONDS s"
    sleep 1
  done
  info "the engine has the runtime 'nvidia'"
}

main
