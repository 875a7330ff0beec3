#!/usr/bin/env bats
# How much of the machine each unit leaves open, as systemd counts it: 0 to 10, where a unit without any setting has 9.6.

MAXIMUM=4.0

setup() {
  command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
  ROOT="$BATS_TEST_DIRNAME/../.."
}

units() { find "$ROOT/lib" -path '*/rootfs/*' -name '*.service' | sort; }

@test "there are four services" {
  [ "$(units | wc -l)" -eq 4 ]
}

@test "each leaves open at most 4.0" {
  while read -r unit; do
    run systemd-analyze security --offline=yes --no-pager --threshold="${MAXIMUM/./}" "$unit"
    echo "$output"
    [[ "$output" =~ "Overall exposure level" ]]
    [ "$status" -eq 0 ]
  done < <(units)
}

# written <script> <unit>: the unit as a script writes it on a machine.
written() {
  sed -n "/<<\(UNIT\|LINES\)$/,/^\(UNIT\|LINES\)$/p" \
    "$ROOT/lib/bootstrap/rootfs/usr/local/lib/ray-cluster/$1" | sed '1d;$d' >"$BATS_TEST_TMPDIR/$2"
  printf '%s\n' "$BATS_TEST_TMPDIR/$2"
}

@test "so do those that scripts write" {
  for unit in "$(written packet-filter.sh filter.service)" "$(written make-nvidia-devices.sh devices.service)"; do
    grep -q '^ExecStart=' "$unit"
    run systemd-analyze security --offline=yes --no-pager --threshold="${MAXIMUM/./}" "$unit"
    echo "$output"
    [[ "$output" =~ "Overall exposure level" ]]
    [ "$status" -eq 0 ]
  done
  # No other script writes one.
  [ "$(grep -rl '^\[Service\]$' "$ROOT/lib" --include=*.sh | wc -l)" -eq 2 ]
}

@test "a unit without any setting would not pass" {
  printf '[Service]\nExecStart=/bin/true\n' >"$BATS_TEST_TMPDIR/open.service"
  run systemd-analyze security --offline=yes --no-pager --threshold="${MAXIMUM/./}" "$BATS_TEST_TMPDIR/open.service"
  [ "$status" -ne 0 ]
}

# `+` runs a command outside of all that.
@test "nothing runs outside but the boot, which installs packages and loads drivers, and a mkdir" {
  run sh -c "grep -rhE '^Exec[A-Za-z]+=[-@:]*[+!]' $(units | tr '\n' ' ')"
  [ "$(sort -u <<<"$output")" = "ExecStartPre=+/usr/bin/env mkdir -p /var/lib/ray-cluster
ExecStartPre=+/usr/local/lib/ray-cluster/boot.sh" ]
}
