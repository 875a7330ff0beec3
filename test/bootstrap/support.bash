#!/usr/bin/env bash
# What the tests of a boot's steps share: folders of their own, and stand-ins for the host's programs.

PROGRAMS="$BATS_TEST_DIRNAME/../../lib/bootstrap/rootfs/usr/local/lib/ray-cluster"
FAKE="$BATS_TEST_DIRNAME/../support/fake-program.sh"

set_up_boot() {
  export BOOT_FOLDER="$BATS_TEST_TMPDIR/boot" RUN_FOLDER="$BATS_TEST_TMPDIR/run"
  export STATE_FOLDER="$BATS_TEST_TMPDIR/state" RETRY_SECONDS=0
  export FAKE_CALLS="$BATS_TEST_TMPDIR/calls" FAKE_ANSWERS="$BATS_TEST_TMPDIR/answers"
  BIN="$BATS_TEST_TMPDIR/bin"
  mkdir "$BOOT_FOLDER" "$RUN_FOLDER" "$STATE_FOLDER" "$BIN" "$FAKE_ANSWERS"
  touch "$FAKE_CALLS"
  for name in settings folders mounts secrets program devices registry argv; do
    touch "$BOOT_FOLDER/$name"
  done
  PATH="$BIN:$PATH"
}

# has <file of the boot> <line>...
has() {
  printf '%s\n' "${@:2}" >"$BOOT_FOLDER/$1"
}

# fake <program> <answer>...
fake() {
  ln -sf "$FAKE" "$BIN/$1"
  printf '%s\n' "${@:2}" >"$FAKE_ANSWERS/$1"
}

# A copy of the programs, in which steps and sources can be replaced.
copy_programs() {
  cp -r "$PROGRAMS" "$BATS_TEST_TMPDIR/programs"
  PROGRAMS="$BATS_TEST_TMPDIR/programs"
}

# step <path below the programs>: reads the body of a script from its input.
step() {
  { printf '#!/usr/bin/env bash\n' && cat; } >"$PROGRAMS/$1"
  chmod +x "$PROGRAMS/$1"
}

# lacks <pattern> <file>
lacks() {
  ! grep -q -- "$1" "$2"
}
