#!/usr/bin/env bash
# Brings the image, unless it is there, and notes which one it got. An image that this machine makes itself begins with
# the published one that it is made of.
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

main() {
  local image published
  image="$(setting image)"
  published="$(setting base "$image")"
  if ! is_there "$image"; then
    if ! is_there "$published"; then
      login
      insist "$(setting image_seconds 3600)" "cannot pull the image $published" bring "$published"
    fi
    [ "$published" = "$image" ] || "$PROGRAMS/build-image.sh"
  fi
  note "$published"
}

is_there() { docker image inspect "$1" >/dev/null 2>&1; }

# Somebody may have loaded it since the last attempt.
bring() { is_there "$1" || docker pull --quiet "$1"; }

# A private registry's user and source of its password, where there is one; the password passes by a pipe.
login() {
  local registry user source words
  [ -s "$BOOT_FOLDER/registry" ] || return 0
  read -r registry user source words <"$BOOT_FOLDER/registry"
  # The client keeps the password in a file: in memory, not in root's folder.
  export DOCKER_CONFIG="$RUN_FOLDER/docker"
  local arguments=()
  read -r -a arguments <<<"$words"
  sign_in() {
    "$PROGRAMS/sources/$source" "${arguments[@]}" |
      docker login --username "$user" --password-stdin "$registry" >/dev/null
  }
  insist 120 "cannot sign in at the registry $registry" sign_in
}

# `repository@digest`, for the container to compare with the plan and with the other nodes. Without it there is only
# the name: an image that was loaded, or one whose base somebody has removed.
note() {
  local digests digest
  digests="$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1" 2>/dev/null || true)"
  digest="${digests%%$'\n'*}"
  printf '%s\n' "${digest:-$1}" >"$RUN_FOLDER/image"
  info "image ${digest:-$1, whose digest is not known}"
}

main "$@"
