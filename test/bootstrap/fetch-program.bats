#!/usr/bin/env bats
# The container's files come once, and are what they were made as.

load support

setup() {
  set_up_boot
  copy_programs
  FILE="$STATE_FOLDER/host/files.json"
  has settings "program_seconds=0" "program_sha256=$(printf '{"a": "b"}' | sha256sum | cut -d ' ' -f 1)"
}

fetch_program() {
  run "$PROGRAMS/fetch-program.sh"
}

@test "takes what the source prints" {
  step sources/web.sh <<'STEP'
echo "$@" >>"$FAKE_CALLS"; printf "{\"a\": \"b\"}"
STEP
  has program "web.sh https://files.example/x"
  fetch_program
  [ "$status" -eq 0 ]
  [ "$(cat "$FILE")" = '{"a": "b"}' ]
  [ "$(cat "$FAKE_CALLS")" = "https://files.example/x" ]
}

@test "asks nobody for what is there" {
  mkdir "$STATE_FOLDER/host"
  printf '{"a": "b"}' >"$FILE"
  step sources/web.sh <<'STEP'
echo asked >>"$FAKE_CALLS"
STEP
  has program "web.sh https://files.example/x"
  fetch_program
  [ "$status" -eq 0 ]
  [ ! -s "$FAKE_CALLS" ]
}

@test "refuses other files than those it was made with" {
  step sources/web.sh <<<'printf "{}"'
  has program "web.sh https://files.example/x"
  fetch_program
  [ "$status" -eq 1 ]
  [[ "$(cat "$RUN_FOLDER/failure")" == "the container's files have another hash than "*": web.sh https://files.example/x" ]]
}

@test "says that they came with the machine and are damaged" {
  mkdir "$STATE_FOLDER/host"
  echo damaged >"$FILE"
  fetch_program
  [ "$status" -eq 1 ]
  [[ "$(cat "$RUN_FOLDER/failure")" == *"is not what this machine was made with" ]]
}
