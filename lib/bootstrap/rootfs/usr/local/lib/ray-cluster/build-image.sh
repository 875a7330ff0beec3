#!/usr/bin/env bash
# Makes the image of the container from a published one, by the recipe that has come with the programs.
#
#   PIP_INDEX_URL and the like, HTTPS_PROXY and the like   reach the build, and no image   (none)
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"

readonly RECIPE="$STATE_FOLDER/host/image-recipe"
readonly LOG="$RUN_FOLDER/build.log"
readonly VALUES=(PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST HTTPS_PROXY HTTP_PROXY NO_PROXY)
# From here on Docker's client builds by a program of its own, which some distributions have in a package of its own.
readonly FIRST_WITH_BUILDX=23

main() {
  local image
  image="$(setting image)"
  [ -f "$RECIPE/Dockerfile" ] || fatal "no recipe of the image $image at $RECIPE"
  require_builder
  info "making the image $image from $(setting base)"
  attempt "$(setting build_seconds 600)" build_or_say "$image" || exit 1
  rm -f "$RUN_FOLDER/failure"
}

build_or_say() {
  local words
  if build "$1"; then return; fi
  # What the steps themselves have printed; the rest is the recipe once more.
  words="$(grep -E '^#[0-9]+ [0-9]+\.[0-9]+ ' "$LOG" | sed -E 's/^#\S+ \S+ //' | tail -n 8)"
  note_failure "cannot make the image $1 from $(setting base): ${words:-$(tail -n 8 "$LOG")}"
  cat "$RUN_FOLDER/failure"
  return 1
}

build() {
  local name secrets=()
  for name in "${VALUES[@]}"; do
    [ -z "${!name:-}" ] || secrets+=("--secret=id=$name,env=$name")
  done
  DOCKER_BUILDKIT=1 docker build --progress=plain --build-arg "BASE_IMAGE=$(setting base)" --tag "$1" \
    "${secrets[@]}" "$RECIPE" >"$LOG" 2>&1
}

require_builder() {
  local version
  if docker buildx version >/dev/null 2>&1; then return; fi
  version="$(docker version --format '{{.Client.Version}}')"
  [ "${version%%.*}" -ge "$FIRST_WITH_BUILDX" ] || return 0
  command -v apt-get >/dev/null || fatal "Docker $version has no 'buildx' on this machine, which builds images"
  info "installing the builder of the distribution's Docker"
  export DEBIAN_FRONTEND=noninteractive
  { quietly apt-get update -q && quietly apt-get install -y -q --no-install-recommends docker-buildx; } ||
    fatal "Docker $version has no 'buildx', and the package docker-buildx cannot be installed"
}

main "$@"
