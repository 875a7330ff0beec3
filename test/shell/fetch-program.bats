#!/usr/bin/env bats
# Fetches the bundle once, verifies its hash, and unpacks it at every boot.

load support

setup() {
  set_up_boot
  copy_programs
  cp "$BATS_TEST_DIRNAME/../../lib/runtime/unpack_files.py" "$PROGRAMS"
  export HOST_ROOT="$BATS_TEST_TMPDIR/root"
  FILE="$STATE_FOLDER/host/bundle.json"
  BUNDLE='{"/opt/a.py": "a", "host:/usr/lib/b.sh": "echo b"}'
  has settings "program_seconds=0" "program_sha256=$(printf '%s' "$BUNDLE" | sha256sum | cut -d ' ' -f 1)"
  has program "web.sh https://files.example/x"
}

fetch_program() {
  run "$PROGRAMS/fetch-program.sh"
}

@test "a bundle from the source is stored and unpacked" {
  step sources/web.sh <<STEP
echo "\$@" >>"$FAKE_CALLS"; printf '%s' '$BUNDLE'
STEP
  fetch_program
  [ "$status" -eq 0 ]
  [ "$(cat "$FILE")" = "$BUNDLE" ]
  [ "$(cat "$FAKE_CALLS")" = "https://files.example/x" ]
  [ "$("$HOST_ROOT/usr/lib/b.sh")" = b ]
}

@test "a stored bundle is not fetched again and restores changed programs" {
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

@test "a bundle with another hash is refused and not unpacked" {
  step sources/web.sh <<'STEP'
printf '{"host:/usr/lib/b.sh": "echo evil"}'
STEP
  fetch_program
  [ "$status" -eq 1 ]
  noted "the node program from web.sh https://files.example/x does not have the SHA-256 *"
  [ ! -e "$HOST_ROOT" ]
}

@test "a source without output is reported from the first attempt until it succeeds" {
  has settings "program_seconds=600" "$(grep sha256 "$BOOT_FOLDER/settings")"
  step sources/web.sh <<STEP
echo called >>"$FAKE_CALLS"
[ "\$(wc -l <"$FAKE_CALLS")" -eq 2 ] || exit 1
cp "$RUN_FOLDER/failure" "$BATS_TEST_TMPDIR/seen"
printf '%s' '$BUNDLE'
STEP
  fetch_program
  [ "$status" -eq 0 ]
  [ "$(cat "$BATS_TEST_TMPDIR/seen")" = "could not fetch the node program: web.sh https://files.example/x failed or returned nothing" ]
  [ ! -e "$RUN_FOLDER/failure" ]
}

@test "a damaged bundle without a source fails" {
  : >"$BOOT_FOLDER/program"
  mkdir "$STATE_FOLDER/host"
  echo damaged >"$FILE"
  fetch_program
  [ "$status" -eq 1 ]
  noted "the node program from user data does not have the SHA-256 *"
}

@test "a bundle that came with the boot is restored, also when another one is there" {
  : >"$BOOT_FOLDER/program"
  mkdir "$STATE_FOLDER/host"
  echo "of an earlier boot" >"$FILE"
  printf '%s' "$BUNDLE" | python3 -c 'import base64, gzip, sys
print(base64.b85encode(gzip.compress(sys.stdin.buffer.read())).decode())' >"$STATE_FOLDER/host/bundle.b85"
  fetch_program
  [ "$status" -eq 0 ]
  [ "$(cat "$FILE")" = "$BUNDLE" ]
  [ "$("$HOST_ROOT/usr/lib/b.sh")" = b ]
}
