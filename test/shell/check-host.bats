#!/usr/bin/env bats
# Compares device nodes and Docker's runtime with the plan.

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

@test "check-host.sh with all device nodes passes and prints the counts" {
  devices nvidia 8
  devices uverbs 32
  touch "$BATS_TEST_TMPDIR/dev/nvidiactl"
  has devices "GPUs 8 $BATS_TEST_TMPDIR/dev/nvidia[0-9]*" "EFA-devices 32 $BATS_TEST_TMPDIR/dev/uverbs*"
  check_host
  [ "$status" -eq 0 ]
  [[ "$output" == *"8 GPUs"*"32 EFA-devices"* ]]
}

@test "check-host.sh with too few device nodes reports how many were found" {
  devices uverbs 31
  has devices "EFA-devices 32 $BATS_TEST_TMPDIR/dev/uverbs*"
  check_host
  [ "$status" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/failure")" = \
    "found 31 of 32 EFA-devices: device nodes $BATS_TEST_TMPDIR/dev/uverbs*" ]
}

@test "check-host.sh without any device node reports zero" {
  has devices "GPUs 8 $BATS_TEST_TMPDIR/dev/nvidia[0-9]*"
  check_host
  [ "$status" -eq 1 ]
  [[ "$(cat "$RUN_FOLDER/failure")" == "found 0 of 8 GPUs: "* ]]
}

@test "check-host.sh uses NVIDIA's driver, which then makes the nodes of its GPUs" {
  has devices "GPUs 2 $BATS_TEST_TMPDIR/dev/nvidia[0-9]*"
  cat >"$BIN/nvidia-smi" <<STEP
#!/usr/bin/env bash
touch "$BATS_TEST_TMPDIR/dev/nvidia0" "$BATS_TEST_TMPDIR/dev/nvidia1"
STEP
  chmod +x "$BIN/nvidia-smi"
  check_host
  [ "$status" -eq 0 ]
}

# modprobe <exit code>: nvidia-modprobe makes the nodes where it ends with 0.
modprobe() {
  export HOST_ROOT="$BATS_TEST_TMPDIR"
  has devices "GPUs 0 $BATS_TEST_TMPDIR/dev/nvidia[0-9]*"
  has argv "--device=/dev/nvidiactl:/dev/nvidiactl:rwm" "--device=/dev/nvidia-uvm:/dev/nvidia-uvm:rwm" \
    "--device=/dev/nvidia-uvm-tools:/dev/nvidia-uvm-tools:rwm" "image:1"
  cat >"$BIN/nvidia-modprobe" <<STEP
#!/usr/bin/env bash
echo "nvidia-modprobe \$*" >>"$FAKE_CALLS"
[ $1 -eq 0 ] || { echo "modprobe: FATAL: Module nvidia-uvm not found"; exit 1; }
touch "$BATS_TEST_TMPDIR/dev/nvidia-uvm" "$BATS_TEST_TMPDIR/dev/nvidia-uvm-tools"
STEP
  chmod +x "$BIN/nvidia-modprobe"
}

@test "check-host.sh without the nodes of unified memory has them made" {
  modprobe 0
  check_host
  [ "$status" -eq 0 ]
  [[ "$output" == *"nvidia-modprobe made /dev/nvidia-uvm /dev/nvidia-uvm-tools"* ]]
  grep -qx "nvidia-modprobe -u -c=0" "$FAKE_CALLS"
}

@test "check-host.sh with the nodes of unified memory there makes none" {
  modprobe 1
  touch "$BATS_TEST_TMPDIR/dev/nvidia-uvm" "$BATS_TEST_TMPDIR/dev/nvidia-uvm-tools"
  check_host
  [ "$status" -eq 0 ]
  [ "$(grep -c modprobe "$FAKE_CALLS")" -eq 0 ]
}

@test "check-host.sh with nodes of unified memory that cannot be made says why" {
  modprobe 1
  check_host
  [ "$status" -eq 1 ]
  [ "$(cat "$RUN_FOLDER/failure")" = \
    "/dev/nvidia-uvm is missing and nvidia-modprobe -u -c=0 did not make it: modprobe: FATAL: Module nvidia-uvm not found" ]
}

@test "check-host.sh with the planned runtime passes" {
  has settings "runtime=nvidia"
  fake docker 'info*|0|io.containerd.runc.v2\nnvidia\nrunc'
  check_host
  [ "$status" -eq 0 ]
}

@test "check-host.sh without the nvidia runtime installs NVIDIA's toolkit, after the devices were found" {
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

@test "check-host.sh with a toolkit that cannot be installed reports why" {
  has settings "runtime=nvidia"
  fake docker 'info*|0|runc\nnvidia-legacy'
  step install-nvidia-toolkit.sh <<<'echo "apt-get install failed" >&2; exit 1'
  check_host
  [ "$status" -eq 1 ]
  noted "Docker has no runtime 'nvidia', and NVIDIA's container toolkit cannot be installed: apt-get install failed"
}

@test "check-host.sh without another runtime fails and installs nothing" {
  has settings "runtime=ascend"
  fake docker 'info*|0|runc'
  check_host
  [ "$status" -eq 1 ]
  noted "Docker has no runtime 'ascend': *"
}

@test "check-host.sh with missing devices does not touch Docker" {
  has devices "GPUs 8 $BATS_TEST_TMPDIR/dev/nvidia[0-9]*"
  has settings "runtime=nvidia" "device_seconds=0"
  fake docker 'info*|0|runc'
  check_host
  [ "$status" -eq 1 ]
  lacks docker "$FAKE_CALLS"
}

@test "check-host.sh with facts that do not hold reports all of them" {
  has facts "docker 20.10.10" "image vllm/vllm-openai:v0.33.0 27"
  fake docker "version*|0|20.10.7" "info*Driver*|0|overlay2 2 /var/lib/docker [[x y]]" "image inspect*|1|No such image" "ps *|0|"
  fake df "*|0|Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda2 9 1 1048576 5% /"
  check_host
  [ "$status" -eq 1 ]
  noted "Docker 20.10.7 is older than 20.10.10*; /var/lib/docker has 1 GiB free, the image vllm/vllm-openai:v0.33.0 takes 27 GiB*"
}

@test "check-host.sh with facts that hold passes, with what is doubtful in its log" {
  has facts "docker 20.10.10" "image vllm/vllm-openai:v0.33.0 27"
  fake docker "version*|0|25.0.3" "info*Driver*|0|vfs 2 /var/lib/docker [[x y]]" "image inspect*|0|[]" "ps *|0|"
  check_host
  [ "$status" -eq 0 ]
  [[ "$output" == *"warning storage the storage driver vfs"* ]]
}
