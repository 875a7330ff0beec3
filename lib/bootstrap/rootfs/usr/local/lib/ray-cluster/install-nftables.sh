#!/usr/bin/env bash
# Installs nft, the program of nftables, from the distribution's packages. No rule of the machine is changed, and the
# distribution's own service stays off. Does nothing where nft is installed.
#
#   LOCK_SECONDS  how long to wait for the package manager   (600)
set -euo pipefail

readonly LOCK_SECONDS="${LOCK_SECONDS:-600}"

main() {
  PATH="$PATH:/usr/sbin:/sbin"
  if command -v nft >/dev/null; then
    info "nft is installed already"
    return
  fi
  [ "$(id -u)" -eq 0 ] || fatal "nft is missing, and only root can install it"
  if command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    quietly apt-get -o DPkg::Lock::Timeout="$LOCK_SECONDS" update -q
    quietly apt-get -o DPkg::Lock::Timeout="$LOCK_SECONDS" install -y -q --no-install-recommends nftables
  elif command -v dnf >/dev/null; then
    quietly dnf install -y -q nftables
  elif command -v yum >/dev/null; then
    quietly yum install -y -q nftables
  else
    fatal "cannot install nftables: this distribution has neither apt-get nor dnf nor yum"
  fi
  command -v nft >/dev/null || fatal "the package nftables has no program nft"
  info "nft is installed"
}

info() { printf 'nftables: %s\n' "$*"; }

fatal() {
  printf 'nftables: %s\n' "$*" >&2
  exit 1
}

# Runs a command and prints its output only if it fails.
quietly() {
  local output
  if ! output="$("$@" 2>&1)"; then
    printf '%s\n' "$output" >&2
    fatal "$* failed: $(tail -n 1 <<<"$output")"
  fi
}

main "$@"
