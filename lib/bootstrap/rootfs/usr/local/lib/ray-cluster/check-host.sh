#!/usr/bin/env bash
# Compares the machine with the plan: device nodes of accelerators and fabric, Docker's runtime, and the lines of `facts`
# (see check-machine.sh).
#
# Each line of `devices`: a name for messages, the planned count, a glob. The container's own devices stand in `argv`.
#
#   HOST_ROOT  root of the container's devices, for tests  (empty)
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local name planned glob
  while read -r name planned glob; do
    # Drivers may still be loading.
    attempt "$(setting device_seconds 180)" has_devices "$planned" "$glob" ||
      fatal "found $(count "$glob") of $planned $name: device nodes $glob"
    info "found $planned $name"
  done <"$BOOT_FOLDER/devices"
  make_uvm_nodes
  check_runtime
  check_facts
}

# The nodes of CUDA's unified memory are made by the first program that uses CUDA, and `docker run --device` needs them
# before (nvidia-modprobe(1): -u loads the module, -c makes the nodes).
make_uvm_nodes() {
  local node missing=() words=""
  while read -r node; do
    [ -e "${HOST_ROOT:-}$node" ] || missing+=("$node")
  done < <(sed -n 's|^--device=\([^:]*/nvidia-uvm[^:]*\).*|\1|p' "$BOOT_FOLDER/argv" 2>/dev/null)
  [ "${#missing[@]}" -gt 0 ] || return 0
  words="$(nvidia-modprobe -u -c=0 2>&1)" || true
  for node in "${missing[@]}"; do
    [ -e "${HOST_ROOT:-}$node" ] ||
      fatal "$node is missing and nvidia-modprobe -u -c=0 did not make it: ${words:-no output}"
  done
  info "nvidia-modprobe made ${missing[*]}"
}

has_devices() {
  [ "$(count "$2")" -ge "$1" ] && return
  # The first use of NVIDIA's driver makes its nodes.
  [[ "$2" != */nvidia* ]] || timeout 60 nvidia-smi -L >/dev/null 2>&1 || true
  [ "$(count "$2")" -ge "$1" ]
}

count() { compgen -G "$1" | wc -l; }

# Only NVIDIA's toolkit has packages that can be installed here.
check_runtime() {
  local runtime why
  runtime="$(setting runtime)"
  if [ -z "$runtime" ] || has_runtime "$runtime"; then return; fi
  [ "$runtime" = nvidia ] ||
    fatal "Docker has no runtime '$runtime': the machine image lacks the vendor's container toolkit"
  why="$("$PROGRAMS/install-nvidia-toolkit.sh" 2>&1)" ||
    fatal "Docker has no runtime 'nvidia', and NVIDIA's container toolkit cannot be installed: $(tail -n 3 <<<"$why")"
  info "$(tail -n 1 <<<"$why")"
}

has_runtime() {
  local runtimes
  runtimes="$(docker info --format '{{range $name, $_ := .Runtimes}}{{println $name}}{{end}}')"
  [[ $'\n'"$runtimes"$'\n' == *$'\n'"$1"$'\n'* ]]
}

# What is wrong ends the boot; what is doubtful stands in its log.
check_facts() {
  local found problems
  [ -s "$BOOT_FOLDER/facts" ] || return 0
  found="$("$PROGRAMS/check-machine.sh" <"$BOOT_FOLDER/facts")" || true
  grep -v '^ok ' <<<"$found" || true
  problems="$(sed -n 's/^problem [^ ]* //p' <<<"$found")"
  [ -z "$problems" ] || fatal "${problems//$'\n'/; }"
}

main "$@"
