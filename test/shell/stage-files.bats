#!/usr/bin/env bats
# Files are staged to a machine's own disk once.

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

@test "stage-files.sh runs the source with the folder as its last argument" {
  stage_files
  [ "$status" -eq 0 ]
  [ "$(cat "$FAKE_CALLS")" = "eu-1 s3://models/llama/ $FOLDER" ]
  [ "$(ls -A "$FOLDER")" = model.safetensors ]
}

@test "stage-files.sh with a staged folder does not run the source again" {
  stage_files
  stage_files
  [ "$status" -eq 0 ]
  [ "$(wc -l <"$FAKE_CALLS")" -eq 1 ]
}

@test "stage-files.sh with an interrupted attempt resumes it" {
  mkdir -p "$FOLDER"
  echo half >"$FOLDER/model.safetensors"
  stage_files
  [ "$status" -eq 0 ]
  [ "$(cat "$FOLDER/model.safetensors")" = weights ]
}

@test "stage-files.sh with another source stages again" {
  stage_files
  has stages "$FOLDER bucket.sh eu-1 s3://models/qwen/"
  stage_files
  [ "$status" -eq 0 ]
  [ "$(wc -l <"$FAKE_CALLS")" -eq 2 ]
}

@test "stage-files.sh with a source that fails reports it, and does not mark the folder as staged" {
  step sources/bucket.sh <<<'exit 1'
  stage_files
  [ "$status" -eq 1 ]
  noted "could not stage files into $FOLDER: bucket.sh eu-1 s3://models/llama/ failed"
  [ ! -e "$FOLDER.staged" ]
}

@test "stage-files.sh with a source that reads its standard input stages all folders" {
  has stages "$FOLDER bucket.sh a" "$BATS_TEST_TMPDIR/disk/b bucket.sh b"
  step sources/bucket.sh <<'STEP'
cat >/dev/null; echo "$1" >>"$FAKE_CALLS"
STEP
  stage_files
  [ "$status" -eq 0 ]
  [ "$(paste -sd ' ' "$FAKE_CALLS")" = "a b" ]
}
