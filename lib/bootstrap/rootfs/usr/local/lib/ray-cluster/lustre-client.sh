#!/usr/bin/env bash
# The Lustre client of this machine, at every boot: before the first mount its module for the running kernel and the options
# that AWS advises for many cores, after it (`tune`) what can be set only then. The steps are those of
# docs.aws.amazon.com/fsx/latest/LustreGuide: install-lustre-client.html and performance-tips.html, read 2026-11-29.
#
#   MODPROBE_FOLDER  options of modules           (/etc/modprobe.d)
#   KEYRING          of the repository's key      (/usr/share/keyrings/fsx-ubuntu-public-key.gpg)
#   APT_LIST         the repository               (/etc/apt/sources.list.d/fsxlustreclientrepo.list)
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
. "$PROGRAMS/packages.sh"

readonly OPTIONS="${MODPROBE_FOLDER:-/etc/modprobe.d}/ray-cluster-lustre.conf"
readonly KEYRING="${KEYRING:-/usr/share/keyrings/fsx-ubuntu-public-key.gpg}"
readonly APT_LIST="${APT_LIST:-/etc/apt/sources.list.d/fsxlustreclientrepo.list}"
readonly KEY_URL=https://fsx-lustre-client-repo-public-keys.s3.amazonaws.com/fsx-ubuntu-public-key.asc
readonly REPOSITORY=https://fsx-lustre-client-repo.s3.amazonaws.com/ubuntu
# More cores than this, or more memory, and AWS advises other values.
readonly MANY_CORES=64
readonly MUCH_MEMORY_KIB=$((64 * 1024 * 1024))

main() {
  if [ "${1:-}" = tune ]; then
    tune
  else
    [ "$(nproc)" -le "$MANY_CORES" ] || set_options
    has_client || install_client
    has_client ||
      fatal "no Lustre client for the kernel $(uname -r): neither this machine image nor AWS's repository has its modules; \
use an image whose kernel is in docs.aws.amazon.com/fsx/latest/LustreGuide/lustre-client-matrix.html"
  fi
}

# A module that is loaded keeps the options it was loaded with.
set_options() {
  printf '%s\n' "options ptlrpc ptlrpcd_per_cpt_max=32" "options ksocklnd credits=2560" >"$OPTIONS"
}

has_client() { command -v mount.lustre >/dev/null && modinfo lustre >/dev/null 2>&1; }

install_client() {
  info "installing the Lustre client for the kernel $(uname -r)"
  if command -v apt-get >/dev/null; then
    add_repository
    install_any "lustre-client-modules-$(uname -r)" || true
  else
    install_any lustre-client || true
  fi
}

# AWS's key is trusted for this repository only. Nothing stays of it where the key cannot be fetched.
add_repository() {
  local key
  [ ! -e "$APT_LIST" ] || return 0
  key="$(curl --fail --silent --show-error --location "$KEY_URL" 2>&1)" ||
    fatal "no Lustre client for the kernel $(uname -r), and $KEY_URL cannot be fetched: $key"
  gpg --batch --yes --dearmor --output "$KEYRING" <<<"$key"
  printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$REPOSITORY" "$(lsb_release -cs)" >"$APT_LIST"
}

# What is refused is slow, not wrong.
tune() {
  [ "$(awk '$1 == "MemTotal:" { print $2 }' "${HOST_ROOT:-}/proc/meminfo")" -le "$MUCH_MEMORY_KIB" ] || {
    set_parameter ldlm.namespaces.*.lru_max_age=600000
    set_parameter "ldlm.namespaces.*.lru_size=$((100 * $(nproc)))"
  }
  [ "$(nproc)" -le "$MANY_CORES" ] || {
    set_parameter osc.*OST*.max_rpcs_in_flight=32
    set_parameter mdc.*.max_rpcs_in_flight=64
    set_parameter mdc.*.max_mod_rpcs_in_flight=50
  }
}

set_parameter() { quietly lctl set_param "$1" || info "the Lustre client does not take $1"; }

main "$@"
