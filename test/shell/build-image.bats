#!/usr/bin/env bats
# The image is made by the recipe that came with the programs; what goes wrong is said with the builder's last lines.

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

@test "builds with the base as an argument" {
  fake docker 'buildx version|0|' 'build *|0|'
  build_image
  [ "$status" -eq 0 ]
  grep -qx "docker build --progress=plain --build-arg BASE_IMAGE=registry.example/vllm:1 --tag ray-cluster/vllm:2 $STATE_FOLDER/host/image-recipe" \
    "$FAKE_CALLS"
}

@test "shows the builder what the machine knows of its package index, and no value of it" {
  fake docker 'buildx version|0|' 'build *|0|'
  export PIP_INDEX_URL=https://user:pass@pip.example/simple HTTPS_PROXY=http://proxy:3128
  build_image
  [ "$status" -eq 0 ]
  grep -q -- "--secret=id=PIP_INDEX_URL,env=PIP_INDEX_URL --secret=id=HTTPS_PROXY,env=HTTPS_PROXY " "$FAKE_CALLS"
  lacks "pip.example" "$FAKE_CALLS"
}

@test "says what the steps of the build have printed last, not the recipe" {
  fake docker 'buildx version|0|' \
    'build *|1|#6 DONE 0.1s\n#7 0.301 Looking for ray==9\n#7 0.346 ERROR: no matching distribution for ray==9\n#7 ERROR: executor failed running RUN --mount=a\n------\n > RUN --mount=a:'
  build_image
  [ "$status" -eq 1 ]
  noted $'cannot make the image ray-cluster/vllm:2 from registry.example/vllm:1: Looking for ray==9\nERROR: no matching distribution for ray==9'
}

@test "says what the builder itself said where no step has begun" {
  fake docker 'buildx version|0|' 'build *|1|ERROR: Cannot connect to the Docker daemon'
  build_image
  [ "$status" -eq 1 ]
  noted "cannot make the image ray-cluster/vllm:2 from registry.example/vllm:1: ERROR: Cannot connect to the Docker daemon"
}

@test "tries again, for an index may be away for a moment" {
  has settings "image=ray-cluster/vllm:2" "base=registry.example/vllm:1" "build_seconds=60"
  fake docker 'buildx version|0|' 'build *|1|timed out' 'build *|0|'
  build_image
  [ "$status" -eq 0 ]
  [[ "$output" == *"from registry.example/vllm:1: timed out"* ]]
  [ ! -e "$RUN_FOLDER/failure" ]
  [ "$(grep -c '^docker build ' "$FAKE_CALLS")" -eq 2 ]
}

@test "installs the distribution's builder where Docker has none" {
  fake docker 'buildx version|1|' 'version*|0|26.1.5' 'build *|0|'
  fake apt-get '*|0|'
  build_image
  [ "$status" -eq 0 ]
  grep -q '^apt-get install .*docker-buildx$' "$FAKE_CALLS"
}

@test "installs nothing where Docker builds by itself" {
  fake docker 'buildx version|1|' 'version*|0|20.10.24' 'build *|0|'
  fake apt-get '*|0|'
  build_image
  [ "$status" -eq 0 ]
  lacks apt-get "$FAKE_CALLS"
}

@test "says that no builder can be had" {
  fake docker 'buildx version|1|' 'version*|0|26.1.5'
  fake apt-get 'update*|0|' 'install*|100|Unable to locate package'
  build_image
  [ "$status" -eq 1 ]
  noted "Docker 26.1.5 has no 'buildx', and the package docker-buildx cannot be installed"
}

@test "says that the recipe is missing" {
  rm -r "$STATE_FOLDER/host/image-recipe"
  build_image
  [ "$status" -eq 1 ]
  noted "no recipe of the image ray-cluster/vllm:2 at *"
}
