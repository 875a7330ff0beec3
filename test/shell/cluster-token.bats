#!/usr/bin/env bats
# A stand-in for Docker runs the container's shell command in a folder that is the volume.

SCRIPT="$BATS_TEST_DIRNAME/../../lib/bootstrap/rootfs/usr/local/lib/ray-cluster/cluster-token.sh"

TOKEN=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff

setup() {
  export VOLUME="$BATS_TEST_TMPDIR/volume" CALLS="$BATS_TEST_TMPDIR/calls"
  mkdir -p "$VOLUME" "$BATS_TEST_TMPDIR/bin"
  cat >"$BATS_TEST_TMPDIR/bin/docker" <<'DOCKER'
#!/bin/bash
printf '%s\n' "$*" >>"$CALLS"
line="${*: -1}"
exec sh -c "${line//\/secrets/$VOLUME}"
DOCKER
  chmod +x "$BATS_TEST_TMPDIR/bin/docker"
  PATH="$BATS_TEST_TMPDIR/bin:$PATH"
}

# token <action> [<further fact>]
token() {
  printf '%s\n' "action $1" 'volume c1-secrets' 'image example/ray:1' "${@:2}" >"$BATS_TEST_TMPDIR/facts"
  run bash "$SCRIPT" <"$BATS_TEST_TMPDIR/facts"
}

@test "cluster-token.sh make creates a token that only its owner can read" {
  token make
  [ "$status" -eq 0 ]
  [ "$output" = "" ]
  grep -Eq '^[0-9a-f]{64}$' "$VOLUME/ray-token"
  [ "$(stat -c %a "$VOLUME/ray-token")" = 600 ]
  [ "$(ls "$VOLUME")" = ray-token ]
}

@test "cluster-token.sh make with a token keeps it" {
  token make
  before="$(cat "$VOLUME/ray-token")"
  token make
  [ "$(cat "$VOLUME/ray-token")" = "$before" ]
}

@test "cluster-token.sh renew replaces the token" {
  token make
  before="$(cat "$VOLUME/ray-token")"
  token renew
  [ "$status" -eq 0 ]
  [ "$output" = "" ]
  [ "$(cat "$VOLUME/ray-token")" != "$before" ]
  grep -Eq '^[0-9a-f]{64}$' "$VOLUME/ray-token"
  [ "$(stat -c %a "$VOLUME/ray-token")" = 600 ]
}

@test "cluster-token.sh print prints the token" {
  token make
  token print
  [ "$output" = "$(cat "$VOLUME/ray-token")" ]
}

@test "cluster-token.sh print without a token fails" {
  token print
  [ "$status" -ne 0 ]
}

@test "cluster-token.sh take replaces the token" {
  token make
  token take "token $TOKEN"
  [ "$status" -eq 0 ]
  [ "$(cat "$VOLUME/ray-token")" = "$TOKEN" ]
  [ "$(stat -c %a "$VOLUME/ray-token")" = 600 ]
}

@test "cluster-token.sh take without a token keeps the present one and fails" {
  token make
  before="$(cat "$VOLUME/ray-token")"
  token take
  [ "$status" -ne 0 ]
  [ "$(cat "$VOLUME/ray-token")" = "$before" ]
}

@test "cluster-token.sh take with words of a login shell keeps the present token and fails" {
  token make
  before="$(cat "$VOLUME/ray-token")"
  for words in Welcome 'Agent pid 59' "${TOKEN%f}" "${TOKEN}0"; do
    token take "token $words"
    [ "$status" -eq 1 ]
    [[ "$output" == *"not a token"* ]]
    [ "$(cat "$VOLUME/ray-token")" = "$before" ]
  done
}

@test "cluster-token.sh puts the token into no argument and no log" {
  token take "token $TOKEN"
  [ "$(grep -c "$TOKEN" "$CALLS")" -eq 0 ]
  grep -q -- '--log-driver none' "$CALLS"
  grep -q -- '--network none' "$CALLS"
}

@test "cluster-token.sh with an unknown action fails" {
  token lose
  [ "$status" -eq 1 ]
  [[ "$output" == *"unknown action 'lose'"* ]]
}
