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
  for name in settings folders mounts secrets program devices registry stages announce argv; do
    touch "$BOOT_FOLDER/$name"
  done
  PATH="$BIN:$PATH"
}

# noted <pattern>: what lies where a deployment looks for it.
noted() {
  # shellcheck disable=SC2053 # a pattern is what it is
  [[ "$(cat "$RUN_FOLDER/failure")" == $1 ]] || {
    cat "$RUN_FOLDER/failure"
    return 1
  }
}

# has <file of the boot> <line>...
has() {
  printf '%s\n' "${@:2}" >"$BOOT_FOLDER/$1"
}

# fake <program> <answer>...
fake() {
  # A copy: a test that writes over a link would write over the stand-in of all tests.
  cp -f "$FAKE" "$BIN/$1"
  printf '%s\n' "${@:2}" >"$FAKE_ANSWERS/$1"
}

# without <program>...: a PATH in which this machine's own are missing; stand-ins come first in it.
without() {
  local folder="$BATS_TEST_TMPDIR/without" name
  mkdir -p "$folder"
  for name in /bin /sbin /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin; do
    ln -sft "$folder" "$name"/* 2>/dev/null || true
  done
  for name in "$@"; do
    rm -f "$folder/$name"
  done
  printf '%s:%s\n' "$BIN" "$folder"
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
