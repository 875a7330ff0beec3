#!/usr/bin/env bats
# Builds by the Dockerfile of the bundle; a failure is reported with the builder's last lines.

load support

setup() {
  set_up_boot
  has settings "image=ray-cluster/vllm:2" "base=registry.example/vllm:1" "build_seconds=0"
  mkdir -p "$STATE_FOLDER/host/image-recipe"
  touch "$STATE_FOLDER/host/image-recipe/Dockerfile"
  unset PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST HTTPS_PROXY HTTP_PROXY NO_PROXY
}

build_image() {
  run "$PROGRAMS/build-image.sh"
}

@test "build-image.sh passes the base image as a build argument" {
  fake docker 'buildx version|0|' 'build *|0|'
  build_image
  [ "$status" -eq 0 ]
  grep -qx "docker build --progress=plain --build-arg BASE_IMAGE=registry.example/vllm:1 --tag ray-cluster/vllm:2 $STATE_FOLDER/host/image-recipe" \
    "$FAKE_CALLS"
}

@test "build-image.sh passes package index settings as build secrets, without their values" {
  fake docker 'buildx version|0|' 'build *|0|'
  export PIP_INDEX_URL=https://user:pass@pip.example/simple HTTPS_PROXY=http://proxy:3128
  build_image
  [ "$status" -eq 0 ]
  grep -q -- "--secret=id=PIP_INDEX_URL,env=PIP_INDEX_URL --secret=id=HTTPS_PROXY,env=HTTPS_PROXY " "$FAKE_CALLS"
  lacks "pip.example" "$FAKE_CALLS"
}

@test "build-image.sh with a step that fails reports the output of the step, not the Dockerfile" {
  fake docker 'buildx version|0|' \
    'build *|1|#6 DONE 0.1s\n#7 0.301 Looking for ray==9\n#7 0.346 ERROR: no matching distribution for ray==9\n#7 ERROR: executor failed running RUN --mount=a\n------\n > RUN --mount=a:'
  build_image
  [ "$status" -eq 1 ]
  noted $'cannot build the image ray-cluster/vllm:2 from registry.example/vllm:1: Looking for ray==9\nERROR: no matching distribution for ray==9'
}

@test "build-image.sh with a builder that cannot start reports its own message" {
  fake docker 'buildx version|0|' 'build *|1|ERROR: Cannot connect to the Docker daemon'
  build_image
  [ "$status" -eq 1 ]
  noted "cannot build the image ray-cluster/vllm:2 from registry.example/vllm:1: ERROR: Cannot connect to the Docker daemon"
}

@test "build-image.sh with a failure tries again until the deadline" {
  has settings "image=ray-cluster/vllm:2" "base=registry.example/vllm:1" "build_seconds=60"
  fake docker 'buildx version|0|' 'build *|1|timed out' 'build *|0|'
  build_image
  [ "$status" -eq 0 ]
  [[ "$output" == *"from registry.example/vllm:1: timed out"* ]]
  [ ! -e "$RUN_FOLDER/failure" ]
  [ "$(grep -c '^docker build ' "$FAKE_CALLS")" -eq 2 ]
}

@test "build-image.sh without buildx installs the package docker-buildx" {
  fake docker 'buildx version|1|' 'version*|0|26.1.5' 'build *|0|'
  fake apt-get '*|0|'
  fake apt-cache 'show docker-buildx|0|' '*|100|'
  build_image
  [ "$status" -eq 0 ]
  grep -q '^apt-get install .*docker-buildx$' "$FAKE_CALLS"
}

@test "build-image.sh with an engine of Docker's own repository installs its package of buildx" {
  PATH="$(without apt-get dnf)"
  fake docker 'buildx version|1|' 'version*|0|29.0.0' 'build *|0|'
  fake dnf '-q info docker-buildx-plugin|0|Name : docker-buildx-plugin' '-q info*|1|' 'install*|0|'
  build_image
  [ "$status" -eq 0 ]
  grep -q '^dnf install -y -q docker-buildx-plugin$' "$FAKE_CALLS"
}

@test "build-image.sh with an old Docker that builds without buildx installs nothing" {
  fake docker 'buildx version|1|' 'version*|0|20.10.24' 'build *|0|'
  fake apt-get '*|0|'
  build_image
  [ "$status" -eq 0 ]
  lacks apt-get "$FAKE_CALLS"
}

@test "build-image.sh without buildx and its package fails with the version of Docker" {
  fake docker 'buildx version|1|' 'version*|0|26.1.5'
  fake apt-get 'update*|0|'
  fake apt-cache '*|100|'
  build_image
  [ "$status" -eq 1 ]
  noted "Docker 26.1.5 needs the plugin buildx, and none of the packages docker-buildx-plugin docker-buildx can be installed"
}

@test "build-image.sh without a Dockerfile fails" {
  rm -r "$STATE_FOLDER/host/image-recipe"
  build_image
  [ "$status" -eq 1 ]
  noted "no Dockerfile for the image ray-cluster/vllm:2 in *"
}
