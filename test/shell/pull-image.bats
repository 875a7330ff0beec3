#!/usr/bin/env bats
# The image is pulled once, and its digest is noted.

load support

setup() {
  set_up_boot
  copy_programs
  has settings "image=registry.example/vllm:1" "image_seconds=0"
}

pull_image() {
  run "$PROGRAMS/pull-image.sh"
}

@test "pull-image.sh without the image pulls it and notes its digest" {
  fake docker 'image inspect registry.example/vllm:1|1|' 'pull*|0|' \
    'image inspect --format*|0|registry.example/vllm@sha256:abc'
  pull_image
  [ "$status" -eq 0 ]
  grep -qx "docker pull --quiet registry.example/vllm:1" "$FAKE_CALLS"
  [ "$(cat "$RUN_FOLDER/image")" = "registry.example/vllm@sha256:abc" ]
}

@test "pull-image.sh with the image pulls nothing" {
  fake docker 'image inspect*|0|registry.example/vllm@sha256:abc'
  pull_image
  [ "$status" -eq 0 ]
  lacks pull "$FAKE_CALLS"
}

@test "pull-image.sh with an image that is loaded between attempts uses it" {
  has settings "image=registry.example/vllm:1" "image_seconds=60"
  fake docker 'image inspect registry.example/vllm:1|1|' 'image inspect registry.example/vllm:1|1|' \
    'image inspect registry.example/vllm:1|1|' 'image inspect registry.example/vllm:1|0|' 'pull*|1|no route to host' 'image inspect --format*|0|'
  pull_image
  [ "$status" -eq 0 ]
  [ "$(grep -c pull "$FAKE_CALLS")" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/image")" = "registry.example/vllm:1" ]
}

@test "pull-image.sh with a pull that fails names the image" {
  fake docker 'image inspect*|1|' 'pull*|1|no route to host'
  pull_image
  [ "$status" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/failure")" = "cannot pull the image registry.example/vllm:1" ]
}

# An image that this machine makes of registry.example/vllm:1.
makes_image() {
  has settings "image=ray-cluster/vllm:2" "base=registry.example/vllm:1" "image_seconds=0"
  step build-image.sh <<'STEP'
echo build-image >>"$FAKE_CALLS"
STEP
}

@test "pull-image.sh for a built image notes what its build recorded" {
  makes_image
  fake docker 'image inspect ray-cluster/vllm:2|0|' 'image inspect --format*|0|registry.example/vllm@sha256:abc' \
    'run --rm --network none --entrypoint cat ray-cluster/vllm:2 /etc/ray-cluster/image-digest|0|packages@sha256:def'
  pull_image
  [ "$status" -eq 0 ]
  [ "$(cat "$RUN_FOLDER/image")" = "packages@sha256:def" ]
}

@test "pull-image.sh for a built image without a record pulls its base, builds it, and notes the digest of the base" {
  makes_image
  fake docker 'image inspect ray-cluster/vllm:2|1|' 'image inspect registry.example/vllm:1|1|' 'pull*|0|' \
    'image inspect --format * registry.example/vllm:1|0|registry.example/vllm@sha256:abc' 'run *|1|no such file'
  pull_image
  [ "$status" -eq 0 ]
  grep -qx "docker pull --quiet registry.example/vllm:1" "$FAKE_CALLS"
  [ "$(grep -c '^build-image$' "$FAKE_CALLS")" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/image")" = "registry.example/vllm@sha256:abc" ]
}

@test "pull-image.sh with a built image builds it once, even without its base" {
  makes_image
  fake docker 'image inspect ray-cluster/vllm:2|0|' 'image inspect --format*|1|No such image' 'run *|1|no such file'
  pull_image
  [ "$status" -eq 0 ]
  lacks build-image "$FAKE_CALLS"
  lacks pull "$FAKE_CALLS"
  [ "$(cat "$RUN_FOLDER/image")" = "registry.example/vllm:1" ]
}

@test "pull-image.sh with a build that fails exits and notes no image" {
  makes_image
  fake docker 'image inspect ray-cluster/vllm:2|1|' 'image inspect registry.example/vllm:1|0|'
  step build-image.sh <<<'exit 1'
  pull_image
  [ "$status" -eq 1 ]
  [ ! -e "$RUN_FOLDER/image" ]
}

@test "pull-image.sh with a registry logs in first, with the password over a pipe" {
  step sources/vault.sh <<'STEP'
printf "pass of %s" "$1"
STEP
  has registry "registry.example user vault.sh here"
  cat >"$BIN/docker" <<'DOCKER'
#!/usr/bin/env bash
echo "docker $*" >>"$FAKE_CALLS"
case "$1 $2" in
  "login "*) cat >"$FAKE_ANSWERS/password" && echo "$DOCKER_CONFIG" >"$FAKE_ANSWERS/kept" ;;
  "image inspect") [ "$3" = --format ] && echo x@sha256:1 ;;
esac
DOCKER
  chmod +x "$BIN/docker"
  pull_image
  [ "$status" -eq 0 ]
  grep -qx "docker login --username user --password-stdin registry.example" "$FAKE_CALLS"
  [ "$(cat "$FAKE_ANSWERS/password")" = "pass of here" ]
  [ "$(cat "$FAKE_ANSWERS/kept")" = "$RUN_FOLDER/docker" ]
}
