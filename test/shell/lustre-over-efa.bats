#!/usr/bin/env bats
# Configures LNet with the EFA devices that AWS documents, or reports why it cannot.

load support

setup() {
  set_up_boot
  copy_programs
  cp "$BATS_TEST_DIRNAME/../../lib/aws/rootfs/usr/local/lib/ray-cluster/lustre-over-efa.sh" "$PROGRAMS"
  export SYS_FOLDER="$BATS_TEST_TMPDIR/sys"
  mkdir -p "$SYS_FOLDER/class/infiniband" "$SYS_FOLDER/drivers/efa" "$SYS_FOLDER/drivers/mlx5_core"
  fake modprobe '*|0|'
  fake modinfo '*|0|'
  fake ip '*|0|default via 10.20.0.1 dev ens32 proto dhcp src 10.20.0.10 metric 100'
  # Knows which devices it was given.
  cat >"$BIN/lnetctl" <<'LNETCTL'
#!/usr/bin/env bash
printf '%s\n' "lnetctl $*" >>"$FAKE_CALLS"
[[ "$*" != "${FAKE_BROKEN:-none}" ]] || exit 22
[ "$1 $2" != "net show" ] || sed -n 's/^lnetctl net add --net efa --if \(\S*\).*/- nid: \1@efa/p' "$FAKE_CALLS" | tail -n "+${FAKE_LOST:-1}"
LNETCTL
  chmod +x "$BIN/lnetctl"
}

# devices <driver> <name>...
devices() {
  local name
  for name in "${@:2}"; do
    mkdir -p "$SYS_FOLDER/class/infiniband/$name/device"
    ln -s "$SYS_FOLDER/drivers/$1" "$SYS_FOLDER/class/infiniband/$name/device/driver"
  done
}

lustre_over_efa() {
  run "$PROGRAMS/lustre-over-efa.sh"
}

given() {
  sed -n 's/^lnetctl net add --net efa --if \(\S*\) --peer-credits 32$/\1/p' "$FAKE_CALLS" | paste -sd ' '
}

@test "lustre-over-efa.sh with 32 devices takes every fourth" {
  devices efa $(seq -f 'rdmap%gs0' 1 32)
  lustre_over_efa
  [ "$status" -eq 0 ]
  [ "$(given)" = "rdmap1s0 rdmap5s0 rdmap9s0 rdmap13s0 rdmap17s0 rdmap21s0 rdmap25s0 rdmap29s0" ]
  [[ "$output" == *"Lustre uses 8 EFA devices"* ]]
}

@test "lustre-over-efa.sh with few devices takes the first and the last, or the only one" {
  devices efa rdmap10s0 rdmap2s0 rdmap7s0 rdmap9s0
  lustre_over_efa
  [ "$(given)" = "rdmap2s0 rdmap10s0" ]
  rm -r "$SYS_FOLDER"/class/infiniband/rdmap{7,9,10}s0
  : >"$FAKE_CALLS"
  lustre_over_efa
  [ "$status" -eq 0 ]
  [ "$(given)" = rdmap2s0 ]
}

@test "lustre-over-efa.sh runs the commands in the order that AWS documents" {
  devices efa rdmap1s0
  lustre_over_efa
  [ "$(grep -E '^modprobe|^lnetctl (lnet|net add|set|udsp add)' "$FAKE_CALLS")" = "$(
    cat <<'CALLS'
modprobe lnet
modprobe kefalnd ipif_name=ens32
modprobe ksocklnd
lnetctl lnet configure
lnetctl net add --net tcp --if ens32
lnetctl net add --net efa --if rdmap1s0 --peer-credits 32
lnetctl set discovery 1
lnetctl udsp add --src efa --priority 0
modprobe lustre
CALLS
  )" ]
}

@test "lustre-over-efa.sh without an EFA device fails, whatever else there is" {
  devices mlx5_core mlx5_0
  lustre_over_efa
  [ "$status" -eq 1 ]
  noted "Lustre over EFA: this machine has no EFA device"
  lacks modprobe "$FAKE_CALLS"
}

@test "lustre-over-efa.sh with a client too old for EFA names the kernel" {
  devices efa rdmap1s0
  fake modinfo 'kefalnd|1|not found'
  lustre_over_efa
  [ "$status" -eq 1 ]
  noted "Lustre over EFA: the Lustre client has no module kefalnd for the kernel $(uname -r)"
}

@test "lustre-over-efa.sh without a Lustre client fails" {
  devices efa rdmap1s0
  rm "$BIN/lnetctl"
  PATH="$(without lnetctl)"
  lustre_over_efa
  [ "$status" -eq 1 ]
  noted "Lustre over EFA: lnetctl is missing, *"
}

@test "lustre-over-efa.sh with a command that fails names it" {
  devices efa rdmap1s0
  export FAKE_BROKEN="set discovery 1"
  lustre_over_efa
  [ "$status" -eq 1 ]
  noted "Lustre over EFA: 'lnetctl set discovery 1' failed"
}

@test "lustre-over-efa.sh with fewer devices taken than given fails" {
  devices efa rdmap1s0 rdmap2s0
  FAKE_LOST=2 lustre_over_efa
  [ "$status" -eq 1 ]
  noted "Lustre over EFA: Lustre uses 1 of 2 devices"
}
