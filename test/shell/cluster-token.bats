#!/usr/bin/env bats
# Docker is a stand-in that runs the container's line of shell here, in the folder that stands for the volume.

SCRIPT="$BATS_TEST_DIRNAME/../../lib/bootstrap/rootfs/usr/local/lib/ray-cluster/cluster-token.sh"

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

@test "makes a token that only its owner can read" {
  token make
  [ "$status" -eq 0 ]
  [ "$output" = "" ]
  grep -Eq '^[0-9a-f]{64}$' "$VOLUME/ray-token"
  [ "$(stat -c %a "$VOLUME/ray-token")" = 600 ]
  [ "$(ls "$VOLUME")" = ray-token ]
}

@test "keeps the one that is there" {
  token make
  before="$(cat "$VOLUME/ray-token")"
  token make
  [ "$(cat "$VOLUME/ray-token")" = "$before" ]
}

@test "prints it" {
  token make
  token print
  [ "$output" = "$(cat "$VOLUME/ray-token")" ]
}

@test "fails where there is none to print" {
  token print
  [ "$status" -ne 0 ]
}

@test "takes one, in place of another" {
  token make
  token take 'token abc123'
  [ "$status" -eq 0 ]
  [ "$(cat "$VOLUME/ray-token")" = abc123 ]
  [ "$(stat -c %a "$VOLUME/ray-token")" = 600 ]
}

@test "does not take nothing" {
  token make
  before="$(cat "$VOLUME/ray-token")"
  token take
  [ "$status" -ne 0 ]
  [ "$(cat "$VOLUME/ray-token")" = "$before" ]
}

@test "the token is in no argument, and no log keeps it" {
  token take 'token abc123'
  [ "$(grep -c abc123 "$CALLS")" -eq 0 ]
  grep -q -- '--log-driver none' "$CALLS"
  grep -q -- '--network none' "$CALLS"
}

@test "refuses an action that it does not know" {
  token lose
  [ "$status" -eq 1 ]
  [[ "$output" == *"unknown action 'lose'"* ]]
}
