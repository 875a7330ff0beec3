#!/usr/bin/env bats
# What the machine has is compared with what was planned.

load support

setup() {
  set_up_boot
  copy_programs
  has settings "device_seconds=0"
  mkdir "$BATS_TEST_TMPDIR/dev"
}

check_host() {
  run "$PROGRAMS/check-host.sh"
}

devices() {
  local index
  for index in $(seq 0 $(($2 - 1))); do
    touch "$BATS_TEST_TMPDIR/dev/$1$index"
  done
}

@test "counts accelerators and interfaces of the fabric" {
  devices nvidia 8
  devices uverbs 32
  touch "$BATS_TEST_TMPDIR/dev/nvidiactl"
  has devices "GPUs 8 $BATS_TEST_TMPDIR/dev/nvidia[0-9]*" "EFA-devices 32 $BATS_TEST_TMPDIR/dev/uverbs*"
  check_host
  [ "$status" -eq 0 ]
  [[ "$output" == *"8 GPUs"*"32 EFA-devices"* ]]
}

@test "says how many are missing" {
  devices uverbs 31
  has devices "EFA-devices 32 $BATS_TEST_TMPDIR/dev/uverbs*"
  check_host
  [ "$status" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/failure")" = \
    "31 of 32 EFA-devices: no more device nodes $BATS_TEST_TMPDIR/dev/uverbs*" ]
}

@test "says that there are none at all" {
  has devices "GPUs 8 $BATS_TEST_TMPDIR/dev/nvidia[0-9]*"
  check_host
  [ "$status" -eq 1 ]
  [[ "$(cat "$RUN_FOLDER/failure")" == "0 of 8 GPUs: "* ]]
}

@test "asks Docker for the runtime" {
  has settings "runtime=nvidia"
  fake docker 'info*|0|io.containerd.runc.v2\nnvidia\nrunc'
  check_host
  [ "$status" -eq 0 ]
}

@test "installs the vendor's container toolkit where it is missing, after the driver's devices are there" {
  devices nvidia 8
  has devices "GPUs 8 $BATS_TEST_TMPDIR/dev/nvidia[0-9]*"
  has settings "runtime=nvidia" "device_seconds=0"
  fake docker 'info*|0|runc\nnvidia-legacy'
  step install-nvidia-toolkit.sh <<'STEP'
echo installed >>"$FAKE_CALLS"; echo "the engine has it"
STEP
  check_host
  [ "$status" -eq 0 ]
  [[ "$output" == *"8 GPUs"*"the engine has it"* ]]
  grep -qx installed "$FAKE_CALLS"
}

@test "says why the toolkit cannot be had" {
  has settings "runtime=nvidia"
  fake docker 'info*|0|runc\nnvidia-legacy'
  step install-nvidia-toolkit.sh <<<'echo "apt-get install failed" >&2; exit 1'
  check_host
  [ "$status" -eq 1 ]
  noted "Docker has no runtime 'nvidia', and the machine cannot get it: apt-get install failed"
}

@test "does not know the toolkit of another runtime" {
  has settings "runtime=ascend"
  fake docker 'info*|0|runc'
  check_host
  [ "$status" -eq 1 ]
  noted "Docker has no runtime 'ascend': *"
}

@test "touches nothing where the devices are missing" {
  has devices "GPUs 8 $BATS_TEST_TMPDIR/dev/nvidia[0-9]*"
  has settings "runtime=nvidia" "device_seconds=0"
  fake docker 'info*|0|runc'
  check_host
  [ "$status" -eq 1 ]
  lacks docker "$FAKE_CALLS"
}
