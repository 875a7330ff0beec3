#!/usr/bin/env bats
# Device nodes of NVIDIA's driver, now and at each boot.

load support

setup() {
  set_up_boot
  export DEVICE_FOLDER="$BATS_TEST_TMPDIR/dev" UNIT_FOLDER="$BATS_TEST_TMPDIR/units" SYSTEMD_RUN_FOLDER="$BATS_TEST_TMPDIR"
  UNIT="$UNIT_FOLDER/ray-cluster-nvidia-devices.service"
  mkdir "$DEVICE_FOLDER" "$UNIT_FOLDER"
  fake id '-u|0|0'
  fake nvidia-smi '-L|0|GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)'
  fake systemctl '*|0|'
  cat >"$BIN/nvidia-modprobe" <<'STEP'
#!/usr/bin/env bash
echo "nvidia-modprobe $*" >>"$FAKE_CALLS"
touch "$DEVICE_FOLDER"/{nvidiactl,nvidia-uvm,nvidia-uvm-tools}
STEP
  chmod +x "$BIN/nvidia-modprobe"
}

make_devices() { run "$PROGRAMS/make-nvidia-devices.sh"; }

@test "make-nvidia-devices.sh makes the nodes, and adds a unit that does so before Docker starts" {
  make_devices
  [ "$status" -eq 0 ]
  grep -qx "nvidia-modprobe -u -c=0" "$FAKE_CALLS"
  grep -qx "Before=docker.service" "$UNIT"
  [ "$(grep ^ExecStart= "$UNIT")" = "$(printf 'ExecStart=/usr/bin/env %s\n' 'nvidia-smi -L' 'nvidia-modprobe -u -c=0')" ]
  grep -qx "systemctl enable --quiet ray-cluster-nvidia-devices.service" "$FAKE_CALLS"
  [ "$(ls "$UNIT_FOLDER")" = "ray-cluster-nvidia-devices.service" ]
}

@test "make-nvidia-devices.sh that runs twice leaves one unit" {
  make_devices
  make_devices
  [ "$status" -eq 0 ]
  [ "$(ls "$UNIT_FOLDER")" = "ray-cluster-nvidia-devices.service" ]
}

@test "make-nvidia-devices.sh without nodes afterwards says which, and adds no unit" {
  fake nvidia-modprobe '*|0|'
  touch "$DEVICE_FOLDER/nvidiactl"
  make_devices
  [ "$status" -eq 1 ]
  [ "$output" = "devices: nvidia-modprobe made no $DEVICE_FOLDER/nvidia-uvm $DEVICE_FOLDER/nvidia-uvm-tools" ]
  [ -z "$(ls "$UNIT_FOLDER")" ]
}

@test "make-nvidia-devices.sh with a driver that does not answer adds no unit" {
  fake nvidia-smi '-L|9|NVIDIA-SMI has failed'
  make_devices
  [ "$status" -eq 1 ]
  [[ "$output" == *"the driver does not answer"* ]]
  [ -z "$(ls "$UNIT_FOLDER")" ]
}

@test "make-nvidia-devices.sh without systemd says what must run at boot" {
  SYSTEMD_RUN_FOLDER=/no/such/folder make_devices
  [ "$status" -eq 1 ]
  [[ "$output" == *"nvidia-modprobe -u -c=0 run before Docker starts"* ]]
}

@test "make-nvidia-devices.sh for another user than root changes nothing" {
  fake id '-u|0|1000'
  make_devices
  [ "$status" -eq 1 ]
  [ "$output" = "devices: only root can make device nodes" ]
  [ "$(grep -c nvidia "$FAKE_CALLS")" -eq 0 ]
}
