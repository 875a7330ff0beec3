#!/usr/bin/env bats
# Files come to a machine's own disk once, however often it is begun.

load support

setup() {
  set_up_boot
  copy_programs
  export FOLDER="$BATS_TEST_TMPDIR/disk/models"
  has settings "stage_seconds=0"
  has stages "$FOLDER bucket.sh eu-1 s3://models/llama/"
  step sources/bucket.sh <<'STEP'
echo "$*" >>"$FAKE_CALLS"
echo weights >"${@: -1}/model.safetensors"
STEP
}

stage_files() {
  run "$PROGRAMS/stage-files.sh"
}

@test "fills the folder by the source, which gets it as its last argument" {
  stage_files
  [ "$status" -eq 0 ]
  [ "$(cat "$FAKE_CALLS")" = "eu-1 s3://models/llama/ $FOLDER" ]
  [ "$(ls -A "$FOLDER")" = model.safetensors ]
}

@test "asks nobody a second time, as after a reboot" {
  stage_files
  stage_files
  [ "$status" -eq 0 ]
  [ "$(wc -l <"$FAKE_CALLS")" -eq 1 ]
}

@test "goes on where an attempt was cut off" {
  mkdir -p "$FOLDER"
  echo half >"$FOLDER/model.safetensors"
  stage_files
  [ "$status" -eq 0 ]
  [ "$(cat "$FOLDER/model.safetensors")" = weights ]
}

@test "begins anew when the source is another one" {
  stage_files
  has stages "$FOLDER bucket.sh eu-1 s3://models/qwen/"
  stage_files
  [ "$status" -eq 0 ]
  [ "$(wc -l <"$FAKE_CALLS")" -eq 2 ]
}

@test "says what it could not get, and does not take it for staged" {
  step sources/bucket.sh <<<'exit 1'
  stage_files
  [ "$status" -eq 1 ]
  noted "no files in $FOLDER: bucket.sh eu-1 s3://models/llama/ has failed"
  [ ! -e "$FOLDER.staged" ]
}

@test "goes through all lines, whatever a source reads" {
  has stages "$FOLDER bucket.sh a" "$BATS_TEST_TMPDIR/disk/b bucket.sh b"
  step sources/bucket.sh <<'STEP'
cat >/dev/null; echo "$1" >>"$FAKE_CALLS"
STEP
  stage_files
  [ "$status" -eq 0 ]
  [ "$(paste -sd ' ' "$FAKE_CALLS")" = "a b" ]
}
