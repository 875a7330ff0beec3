#!/usr/bin/env bats
# What all machines share comes once, is what it was made as, and is taken apart at every boot.

load support

setup() {
  set_up_boot
  copy_programs
  export HOST_ROOT="$BATS_TEST_TMPDIR/root"
  FILE="$STATE_FOLDER/host/bundle.json"
  BUNDLE='{"/opt/a.py": "a", "host:/usr/lib/b.sh": "echo b"}'
  has settings "program_seconds=0" "program_sha256=$(printf '%s' "$BUNDLE" | sha256sum | cut -d ' ' -f 1)"
  has program "web.sh https://files.example/x"
}

fetch_program() {
  run "$PROGRAMS/fetch-program.sh"
}

@test "takes what the source prints, and takes it apart" {
  step sources/web.sh <<STEP
echo "\$@" >>"$FAKE_CALLS"; printf '%s' '$BUNDLE'
STEP
  fetch_program
  [ "$status" -eq 0 ]
  [ "$(cat "$FILE")" = "$BUNDLE" ]
  [ "$(cat "$FAKE_CALLS")" = "https://files.example/x" ]
  [ "$(cat "$STATE_FOLDER/host/files.json")" = '{"/opt/a.py": "a"}' ]
  [ "$("$HOST_ROOT/usr/lib/b.sh")" = b ]
}

@test "asks nobody for what is there, and puts back what somebody has changed" {
  mkdir -p "$STATE_FOLDER/host" "$HOST_ROOT/usr/lib"
  printf '%s' "$BUNDLE" >"$FILE"
  echo "echo other" >"$HOST_ROOT/usr/lib/b.sh"
  step sources/web.sh <<'STEP'
echo asked >>"$FAKE_CALLS"
STEP
  fetch_program
  [ "$status" -eq 0 ]
  [ ! -s "$FAKE_CALLS" ]
  [ "$("$HOST_ROOT/usr/lib/b.sh")" = b ]
}

@test "refuses another one than it was made with, and takes nothing out of it" {
  step sources/web.sh <<'STEP'
printf '{"host:/usr/lib/b.sh": "echo evil"}'
STEP
  fetch_program
  [ "$status" -eq 1 ]
  noted "the container's files have another hash than *: web.sh https://files.example/x"
  [ ! -e "$HOST_ROOT" ]
}

@test "says that it gets nothing from its first attempt on, until it gets something" {
  has settings "program_seconds=600" "$(grep sha256 "$BOOT_FOLDER/settings")"
  step sources/web.sh <<STEP
echo called >>"$FAKE_CALLS"
[ "\$(wc -l <"$FAKE_CALLS")" -eq 2 ] || exit 1
cp "$RUN_FOLDER/failure" "$BATS_TEST_TMPDIR/seen"
printf '%s' '$BUNDLE'
STEP
  fetch_program
  [ "$status" -eq 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/seen")" = "no files for the container: web.sh https://files.example/x gave nothing" ]
  [ ! -e "$RUN_FOLDER/failure" ]
}

@test "says that it came with the machine and is damaged" {
  : >"$BOOT_FOLDER/program"
  mkdir "$STATE_FOLDER/host"
  echo damaged >"$FILE"
  fetch_program
  [ "$status" -eq 1 ]
  noted "*is not what this machine was made with"
}
