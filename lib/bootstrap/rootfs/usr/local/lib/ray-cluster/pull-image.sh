#!/usr/bin/env bash
# Brings the image, unless it is there, and notes which one it got.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local image
  image="$(setting image)"
  if ! is_there "$image"; then
    login
    attempt "$(setting image_seconds 3600)" bring "$image" || fatal "cannot pull the image $image"
  fi
  note "$image"
}

is_there() { docker image inspect "$1" >/dev/null 2>&1; }

# Somebody may have loaded it since the last attempt.
bring() { is_there "$1" || docker pull --quiet "$1"; }

# A private registry's user and source of its password, where there is one; the password passes by a pipe.
login() {
  local registry user source words
  [ -s "$BOOT_FOLDER/registry" ] || return 0
  read -r registry user source words <"$BOOT_FOLDER/registry"
  local arguments=()
  read -r -a arguments <<<"$words"
  sign_in() {
    "$PROGRAMS/sources/$source" "${arguments[@]}" |
      docker login --username "$user" --password-stdin "$registry" >/dev/null
  }
  attempt 120 sign_in || fatal "cannot sign in at the registry $registry"
}

note() {
  local digests digest
  digests="$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1")"
  digest="${digests%%$'\n'*}"
  printf '%s\n' "${digest:-$1}" >"$RUN_FOLDER/image"
  info "image ${digest:-$1, which no registry has}"
}

main "$@"
