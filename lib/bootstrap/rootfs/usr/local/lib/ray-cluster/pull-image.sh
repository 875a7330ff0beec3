#!/usr/bin/env bash
# Pulls the image unless it is present, and notes its digest. Of an image that this machine builds, the published base is
# pulled.
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
  [ "$published" = "$image" ] || note_built "$image"
}

is_there() { docker image inspect "$1" >/dev/null 2>&1; }

# It may have been loaded since the last attempt.
bring() { is_there "$1" || docker pull --quiet "$1"; }

# Logs in to a private registry. The password travels over a pipe.
login() {
  local registry user source words
  [ -s "$BOOT_FOLDER/registry" ] || return 0
  read -r registry user source words <"$BOOT_FOLDER/registry"
  # The client stores the password in a file: keep it in memory.
  export DOCKER_CONFIG="$RUN_FOLDER/docker"
  local arguments=()
  read -r -a arguments <<<"$words"
  sign_in() {
    "$PROGRAMS/sources/$source" "${arguments[@]}" |
      docker login --username "$user" --password-stdin "$registry" >/dev/null
  }
  insist 120 "cannot log in to the registry $registry" sign_in
}

# Notes `repository@digest`, which the node compares with the plan and with the other nodes. Only the name is known of an
# image that was loaded, or whose base was removed.
note() {
  local digests digest
  digests="$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$1" 2>/dev/null || true)"
  digest="${digests%%$'\n'*}"
  printf '%s\n' "${digest:-$1}" >"$RUN_FOLDER/image"
  info "image: ${digest:-$1 (digest unknown)}"
}

# The build has recorded what the image holds, which two machines may have got differently from one base.
note_built() {
  local recorded
  recorded="$(docker run --rm --network none --entrypoint cat "$1" /etc/ray-cluster/image-digest)" || return 0
  printf '%s\n' "$recorded" >"$RUN_FOLDER/image"
  info "image: $1, $recorded"
}

main "$@"
