#!/usr/bin/env bash
# Installs packages of the distribution, for the steps of a boot; sourced after common.sh.
#
#   LOCK_SECONDS  how long to wait for the package manager's lock (600)

readonly LOCK_SECONDS="${LOCK_SECONDS:-600}"

# What apt, dpkg, dnf and yum say while another program works with packages, as a machine's first boot does for minutes.
readonly LOCKED="Could not get lock|is another process using it|Unable to acquire the dpkg frontend lock|[Aa]nother app is currently holding|another copy is running"

# unlocked <command>...: a call of a package manager, whose lock it waits for; its output only if it fails.
unlocked() {
  local output deadline=$(($(uptime_seconds) + LOCK_SECONDS))
  until output="$("$@" 2>&1)"; do
    if ! [[ "$output" =~ $LOCKED ]] || [ "$(uptime_seconds)" -ge "$deadline" ]; then
      printf '%s\n' "$output" >&2
      return 1
    fi
    sleep "$RETRY_SECONDS"
  done
}

# install_any <package>...: installs the first one that the machine's repositories have. Families: Debian and Ubuntu; RHEL,
# Rocky, Amazon Linux and openEuler, also with yum alone.
install_any() {
  local name manager
  if command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    unlocked apt-get update -q || return 1
    for name in "$@"; do
      apt-cache show "$name" >/dev/null 2>&1 || continue
      unlocked apt-get install -y -q --no-install-recommends "$name"
      return
    done
    return 1
  fi
  for manager in dnf yum; do
    command -v "$manager" >/dev/null || continue
    for name in "$@"; do
      "$manager" -q info "$name" >/dev/null 2>&1 || continue
      unlocked "$manager" install -y -q "$name"
      return
    done
  done
  return 1
}
