#!/usr/bin/env bash
# Builds the container's image from a published one, by the Dockerfile in the bundle.
#
#   PIP_INDEX_URL, HTTPS_PROXY and other VALUES   passed to the build as secrets, which leave no trace in the image   (none)
set -euo pipefail
readonly PROGRAMS="${BASH_SOURCE[0]%/*}"
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$PROGRAMS/common.sh"
# shellcheck source-path=SCRIPTDIR source=packages.sh
. "$PROGRAMS/packages.sh"

readonly RECIPE="$STATE_FOLDER/host/image-recipe"
readonly LOG="$RUN_FOLDER/build.log"
readonly VALUES=(PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST HTTPS_PROXY HTTP_PROXY NO_PROXY)
# Since this version `docker build` needs the plugin buildx, which some distributions package separately.
readonly FIRST_WITH_BUILDX=23
# In Docker's own repositories, and in those of distributions.
readonly BUILDX_PACKAGES=(docker-buildx-plugin docker-buildx)

main() {
  local image
  image="$(setting image)"
  [ -f "$RECIPE/Dockerfile" ] || fatal "no Dockerfile for the image $image in $RECIPE"
  require_builder
  info "building the image $image from $(setting base)"
  attempt "$(setting build_seconds 600)" build_or_say "$image" || exit 1
  rm -f "$RUN_FOLDER/failure"
}

build_or_say() {
  local words
  if build "$1"; then return; fi
  # Only what the steps printed: the rest repeats the Dockerfile.
  words="$(grep -E '^#[0-9]+ [0-9]+\.[0-9]+ ' "$LOG" | sed -E 's/^#\S+ \S+ //' | tail -n 8)"
  note_failure "cannot build the image $1 from $(setting base): ${words:-$(tail -n 8 "$LOG")}"
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
  info "installing buildx"
  install_any "${BUILDX_PACKAGES[@]}" ||
    fatal "Docker $version needs the plugin buildx, and none of the packages ${BUILDX_PACKAGES[*]} can be installed"
}

main "$@"
