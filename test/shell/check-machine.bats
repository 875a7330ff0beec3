#!/usr/bin/env bats
# A folder and stand-in programs are the machine.

SCRIPT="$BATS_TEST_DIRNAME/../../lib/bootstrap/rootfs/usr/local/lib/ray-cluster/check-machine.sh"
FAKE="$BATS_TEST_DIRNAME/../support/fake-program.sh"
ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

setup() {
  export FAKE_CALLS="$BATS_TEST_TMPDIR/calls" FAKE_ANSWERS="$BATS_TEST_TMPDIR/answers"
  export HOST_ROOT="$BATS_TEST_TMPDIR/root"
  BIN="$BATS_TEST_TMPDIR/bin"
  mkdir -p "$BIN" "$FAKE_ANSWERS" "$HOST_ROOT/dev" "$HOST_ROOT/proc/net"
  : >"$FAKE_CALLS"
  local program
  for program in bash cat awk sed sort grep tr head tail find timeout; do
    ln -s "$(command -v "$program")" "$BIN/$program"
  done
  fake uname '-m|0|aarch64'
  fake date '+%s|0|1000000'
  fake id '-un|0|ops'
  fake ip '*|0|1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 10.1.0.2/24 scope global eth0'
  fake docker 'version*|0|20.10.24' 'info*|0|runc\nnvidia' 'ps --filter label*|0|'
  sockets
}

# fake <program> <answer>...
fake() {
  ln -sf "$FAKE" "$BIN/$1"
  printf '%s\n' "${@:2}" >"$FAKE_ANSWERS/$1"
}

# sockets [<port in hex>:<inode>]...: what listens on the machine, beside a connection that does not.
sockets() {
  {
    printf '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
    printf '   9: 0A010002:18EB 0A010003:A000 01 00000000:00000000 00:00000000 00000000 0 0 999 1\n'
    local socket
    for socket in "$@"; do
      printf '   0: 00000000:%s 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 %s 1\n' \
        "${socket%:*}" "${socket#*:}"
    done
  } >"$HOST_ROOT/proc/net/tcp"
}

# process <id> <name> <cgroup> <inode>
process() {
  mkdir -p "$HOST_ROOT/proc/$1/fd"
  printf '%s\n' "$2" >"$HOST_ROOT/proc/$1/comm"
  printf '%s\n' "$3" >"$HOST_ROOT/proc/$1/cgroup"
  ln -s "socket:[$4]" "$HOST_ROOT/proc/$1/fd/7"
}

# check <fact>...
check() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/facts"
  PATH="$BIN" run bash "$SCRIPT" <"$BATS_TEST_TMPDIR/facts"
}

# problems: how many there are.
problems() {
  grep -c '^problem' <<<"$output" || true
}

@test "check-machine.sh with a suitable machine reports ok for every fact" {
  touch "$HOST_ROOT/dev/davinci0"
  check 'cluster c1' 'container c1-npu-0' 'address 10.1.0.2' 'architecture arm64' 'device /dev/davinci0' \
    'runtime nvidia' 'port 6379' 'port 10002-10999' 'clock 1000030'
  [ "$status" -eq 0 ]
  [ "$(grep -vc '^ok ' <<<"$output")" -eq 0 ]
  [ "${#lines[@]}" -eq 8 ]
}

@test "check-machine.sh with an old Docker engine reports a problem" {
  for version in 18.09.0 19.03.15 20.10.7 20.10.9-ce; do
    fake docker "version*|0|$version" 'info*|0|runc' 'ps *|0|'
    check 'docker 20.10.10'
    [ "$status" -eq 1 ]
    [[ "$output" == *"problem docker-version Docker $version is older than 20.10.10"* ]]
    check 'cluster c1'
    [ "$status" -eq 1 ]
    check 'docker any'
    [ "$status" -eq 0 ]
  done
}

@test "check-machine.sh with a Docker engine that is new enough reports ok" {
  for version in 20.10.10 20.10.24+dfsg1 23.0.1 28.2.2 29.0.0-rc.1; do
    fake docker "version*|0|$version" 'info*|0|runc' 'ps *|0|'
    check 'docker 20.10.10'
    [ "$status" -eq 0 ]
    [[ "$output" == *"ok docker-version $version"* ]]
  done
}

@test "check-machine.sh with NPUs of another container reports them" {
  touch "$HOST_ROOT/dev/davinci0" "$HOST_ROOT/dev/davinci1" "$HOST_ROOT/dev/davinci_manager"
  fake docker 'version*|0|24.0.0' 'ps --quiet*|0|one\ntwo' \
    'inspect *one|0|/training - /dev/davinci1 /dev/davinci_manager' 'inspect *two|0|/c1-npu-0 c1 /dev/davinci0'
  check 'cluster c1' 'device /dev/davinci0' 'device /dev/davinci1' 'device /dev/davinci_manager' \
    'accelerator /dev/davinci0' 'accelerator /dev/davinci1'
  [ "$status" -eq 1 ]
  [ "$(problems)" -eq 1 ]
  [[ "$output" == *"problem npu /dev/davinci1 belongs to container 'training'"* ]]
}

@test "check-machine.sh with devices of another cluster reports each, whatever they are" {
  fake docker 'version*|0|24.0.0' 'ps --quiet*|0|one' \
    'inspect *one|0|/other-gpu-0 other /dev/nvidia3 /dev/nvidia4 /dev/nvidiactl'
  check 'cluster c1' 'accelerator /dev/nvidia4' 'accelerator /dev/nvidia5'
  [ "$status" -eq 1 ]
  [ "$(problems)" -eq 1 ]
  [[ "$output" == *"problem accelerator /dev/nvidia4 belongs to container 'other-gpu-0' of cluster 'other'; choose"* ]]
}

@test "check-machine.sh with another cluster on other devices names it and has no problem" {
  fake docker 'version*|0|24.0.0' 'ps --quiet*|0|one\ntwo' \
    'inspect *one|0|/other-gpu-0 other /dev/nvidia1 /dev/nvidiactl' \
    'inspect *two|0|/notebook - /dev/nvidia4'
  check 'cluster c1' 'accelerator /dev/nvidia4' 'accelerator /dev/nvidia10'
  [ "$status" -eq 0 ]
  [[ "$output" == *"ok clusters other clusters here: other"* ]]
}

@test "check-machine.sh without the node of unified memory says how to make it" {
  check 'device /dev/nvidia-uvm'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem device /dev/nvidia-uvm is missing: "*"nvidia-modprobe -u -c=0"* ]]
}

@test "check-machine.sh warns where nothing makes the nodes of unified memory before Docker starts" {
  touch "$HOST_ROOT/dev/nvidia-uvm"
  check 'device /dev/nvidia-uvm'
  [ "$status" -eq 0 ]
  [[ "$output" == *"warning nodes nothing that is known makes /dev/nvidia-uvm before Docker"*"prepare-hosts"* ]]
}

# Rules: 71-nvidia.rules of Ubuntu's nvidia-kernel-common; docs.nvidia.com/datacenter/cloud-native/container-toolkit (device nodes).
@test "check-machine.sh knows what makes the nodes of unified memory at boot" {
  local file line
  touch "$HOST_ROOT/dev/nvidia-uvm"
  while IFS='|' read -r file line; do
    mkdir -p "$HOST_ROOT/${file%/*}"
    printf '%s\n' "$line" >"$HOST_ROOT/$file"
    check 'device /dev/nvidia-uvm'
    [ "$status" -eq 0 ]
    [[ "$output" == *"ok nodes made before Docker starts, by ${file%/*}"* ]]
    rm "$HOST_ROOT/$file"
  done <<'MAKERS'
lib/udev/rules.d/71-nvidia.rules|ACTION=="add" DEVPATH=="/module/nvidia_uvm" SUBSYSTEM=="module" RUN+="/usr/bin/nvidia-modprobe -c0 -u"
etc/systemd/system/ray-cluster-nvidia-devices.service|ExecStart=/usr/bin/env nvidia-modprobe -u -c=0
etc/systemd/system/devices.service|ExecStart=/usr/bin/nvidia-ctk system create-device-nodes --control-devices --load-kernel-modules
MAKERS
  # Makes the nodes of the GPUs, and not those.
  printf 'RUN+="/usr/bin/nvidia-modprobe"\n' >"$HOST_ROOT/lib/udev/rules.d/71-nvidia.rules"
  check 'device /dev/nvidia-uvm' 'device /dev/nvidiactl'
  [ "$(grep -c '^warning nodes' <<<"$output")" -eq 1 ]
}

@test "check-machine.sh with an address of no interface reports a problem" {
  check 'address 10.1.0.20'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem address 10.1.0.20 is not on this machine; it has 127.0.0.1 10.1.0.2"* ]]
}

@test "check-machine.sh with another architecture reports a problem" {
  check 'architecture amd64'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem architecture this machine is arm64, the inventory says amd64"* ]]
}

@test "check-machine.sh with a missing device and a missing mount reports both" {
  check 'device /dev/davinci7' 'mount /etc/hccn.conf'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem device /dev/davinci7 is missing"* ]]
  [[ "$output" == *"problem mount /etc/hccn.conf is missing"* ]]
}

@test "check-machine.sh with a driver tool in another folder names that folder" {
  mkdir -p "$HOST_ROOT/usr/local/sbin"
  touch "$HOST_ROOT/usr/local/sbin/npu-smi"
  check 'mount /usr/local/bin/npu-smi'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem mount /usr/local/bin/npu-smi is missing; found /usr/local/sbin/npu-smi: set driverPaths"* ]]
}

@test "check-machine.sh with a clock that is off warns" {
  check 'clock 999400'
  [ "$status" -eq 0 ]
  [[ "$output" == *"warning clock 600 s ahead of"* ]]
  check 'clock 1000600'
  [ "$status" -eq 0 ]
  [[ "$output" == *"warning clock 600 s behind"* ]]
}

@test "check-machine.sh without Docker reports a problem" {
  rm "$BIN/docker"
  check 'cluster c1' 'runtime nvidia'
  [ "$status" -eq 1 ]
  [ "$(problems)" -eq 1 ]
  [[ "$output" == *"problem docker Docker is not installed"* ]]
}

@test "check-machine.sh with an engine that does not answer reports its message" {
  fake docker 'version*|1|Cannot connect to the Docker daemon'
  check 'cluster c1'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem docker the Docker engine does not answer: Cannot connect"* ]]
}

@test "check-machine.sh with a user who may not use Docker names the group" {
  fake docker 'version*|1|permission denied while trying to connect to the Docker daemon socket'
  check 'cluster c1'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem docker user 'ops' may not use the Docker engine; add it to the group 'docker'"* ]]
}

@test "check-machine.sh with a missing runtime lists those of the engine" {
  check 'runtime ascend'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem runtime the Docker engine has no runtime 'ascend'; it has runc nvidia"* ]]
}

@test "check-machine.sh with a port in use by a program reports it, also within a range" {
  sockets 18EB:111 2713:222
  process 41 redis-server '0::/system.slice/redis.service' 111
  check 'port 6379' 'port 10002-10999' 'port 6380'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem port 6379 is in use by the program 'redis-server' (process 41)"* ]]
  [[ "$output" == *"problem port 10003 is in use by a program of another user"* ]]
  [ "$(problems)" -eq 2 ]
}

@test "check-machine.sh with a port in use by a container reports its name" {
  sockets 18EB:111
  process 41 python3 "0::/docker/$ID" 111
  fake docker 'version*|0|20.10.24' "inspect*$ID|0|/somebody" 'ps*|0|'
  check 'container c1-npu-0' 'port 6379'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem port 6379 is in use by container 'somebody'"* ]]
}

@test "check-machine.sh with a published port reports the container" {
  sockets 18EB:111
  process 41 docker-proxy '0::/system.slice/docker.service' 111
  fake docker 'version*|0|20.10.24' 'ps --filter label*|0|' 'ps --filter publish=6379*|0|web'
  check 'port 6379'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem port 6379 is in use by container 'web'"* ]]
}

@test "check-machine.sh with ports of the node's own container reports ok" {
  sockets 18EB:111
  process 41 gcs_server "0::/docker/$ID" 111
  fake docker 'version*|0|20.10.24' "inspect*$ID|0|/c1-npu-0" 'ps*|0|'
  check 'container c1-npu-0' 'port 6379'
  [ "$status" -eq 0 ]
}

@test "check-machine.sh names the package of a program that is missing" {
  check "program nft-of-no-machine nftables"
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem nft-of-no-machine nft-of-no-machine is missing: "*"installs the package nftables"* ]]
  check "program bash bash"
  [[ "$output" == *"ok bash it is installed"* ]]
}

@test "check-machine.sh with an unknown fact reports a problem" {
  check 'colour red'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem fact unknown fact 'colour'"* ]]
}

@test "check-machine.sh changes nothing" {
  touch "$HOST_ROOT/dev/davinci0"
  check 'cluster c1' 'device /dev/davinci0' 'runtime nvidia' 'port 6379'
  [ "$(grep -Evc '^(docker (version|--version|info|ps|inspect)|ip -o -4 (address show|route get)|uname|date|id|hostname)' "$FAKE_CALLS")" -eq 0 ]
}

# engine <version> <storage driver> <cgroup version> <folder> [<driver status>]: what `docker info` of it says. Forms: Docker
# 20.10.24 (this project's own machines) and 29.0 with containerd's image store (docs.docker.com/engine/storage/containerd).
engine() {
  fake docker "version*|0|$1" 'info*Runtimes*|0|runc\nnvidia' "info*Driver*|0|$2 $3 $4 ${5:-[[Backing Filesystem extfs] [Supports d_type true]]}" \
    'image inspect*|1|Error: No such image' 'ps *|0|'
}

# room <KiB>: what `df -Pk` prints.
room() {
  fake df "*|0|Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda2 999999999 1 $1 5% /var"
}

@test "check-machine.sh reports storage driver, cgroup version and free disk" {
  engine 28.2.2 overlay2 2 /var/lib/docker
  room 104857600
  check 'image vllm/vllm-openai:v0.33.0 27'
  [ "$status" -eq 0 ]
  [[ "$output" == *"ok storage overlay2"*"ok cgroup v2"*"ok disk 100 GiB free in /var/lib/docker"* ]]
}

@test "check-machine.sh with a storage driver that copies layers, or is limited, warns" {
  local driver
  for driver in vfs native devicemapper; do
    engine 24.0.7 "$driver" 1 /var/lib/docker
    check
    [ "$status" -eq 0 ]
    [[ "$output" == *"warning storage the storage driver $driver "* ]]
  done
  for driver in overlay2 overlayfs btrfs zfs fuse-overlayfs; do
    engine 24.0.7 "$driver" 1 /var/lib/docker
    check
    [[ "$output" == *"ok storage $driver"* ]]
  done
}

@test "check-machine.sh with too little room for the image reports a problem, unless the image is there" {
  engine 28.2.2 overlay2 2 /data/docker
  room 20971520
  check 'image vllm/vllm-openai:v0.33.0 27'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem disk /data/docker has 20 GiB free, the image vllm/vllm-openai:v0.33.0 takes 27 GiB"* ]]
  check 'image own/image:1'
  [ "$status" -eq 0 ]
  fake docker 'version*|0|28.2.2' 'info*Runtimes*|0|runc' 'info*Driver*|0|overlay2 2 /data/docker [[x y]]' 'image inspect*|0|[]' 'ps *|0|'
  check 'image vllm/vllm-openai:v0.33.0 27'
  [ "$status" -eq 0 ]
  [[ "$output" == *"ok disk the image vllm/vllm-openai:v0.33.0 is here already"* ]]
}

@test "check-machine.sh with containerd's image store looks at containerd's disk" {
  engine 29.0.0 overlayfs 2 /var/lib/docker '[[driver-type io.containerd.snapshotter.v1]]'
  room 20971520
  check 'image vllm/vllm-openai:v0.33.0 27'
  [[ "$output" == *"problem disk /var/lib/containerd has 20 GiB free"* ]]
}

# toolkit <version>: what `nvidia-container-cli --version` prints (NVIDIA/nvidia-docker#1660).
toolkit() {
  fake nvidia-container-cli "--version|0|cli-version: $1\nlib-version: $1\nbuild date: 2022-09-18T23:16+00:00"
}

@test "check-machine.sh with cgroup v2 and a toolkit that does not know it reports a problem" {
  engine 24.0.7 overlay2 2 /var/lib/docker
  toolkit 1.5.1
  check 'runtime nvidia'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem cgroup "*"toolkit 1.5.1 starts no container there"* ]]
  toolkit 1.8.0
  check 'runtime nvidia'
  [ "$status" -eq 0 ]
  engine 24.0.7 overlay2 1 /var/lib/docker
  toolkit 1.5.1
  check 'runtime nvidia'
  [ "$status" -eq 0 ]
}

@test "check-machine.sh with cgroup v1 warns from Docker 29 on" {
  engine 29.0.0 overlay2 1 /var/lib/docker
  check
  [ "$status" -eq 0 ]
  [[ "$output" == *"warning cgroup Docker 29.0.0"* ]]
  engine 28.2.2 overlay2 1 /var/lib/docker
  check
  [[ "$output" == *"ok cgroup v1"* ]]
}

@test "check-machine.sh with an engine that does not say how it stores images goes on" {
  fake docker 'version*|0|18.09.0' 'info*Runtimes*|0|runc' "info*Driver*|1|template: :1: can't evaluate field CgroupVersion" 'ps *|0|'
  check 'docker any' 'image a:1 27'
  [ "$status" -eq 0 ]
  [ "$output" = "ok docker 18.09.0" ]
}

# Forms: NVIDIA/open-gpu-kernel-modules#1151 (79), stas00/ml-engineering compute/accelerator/nvidia/debug.md (63),
# docs.nvidia.com/deploy/xid-errors (31, 43: caused by programs).
@test "check-machine.sh with an Xid of the hardware in the kernel's log warns with the driver's words" {
  fake dmesg '*|0|[ 9.1] NVRM: loading NVIDIA UNIX x86_64 Kernel Module\n[ 99.2] NVRM: Xid (PCI:0000:2b:00): 79, GPU has fallen off the bus.\n[ 99.9] NVRM: Xid (PCI:0000:10:1c): 31, pid=7, Ch 0000000b'
  check 'driver nvidia'
  [ "$status" -eq 0 ]
  [[ "$output" == *"warning gpu the driver has reported since the boot: NVRM: Xid (PCI:0000:2b:00): 79, GPU has fallen off the bus."* ]]
  check
  [[ "$output" != *Xid* ]]
}

@test "check-machine.sh reads the journal where the kernel's log is closed, and passes over Xids of programs" {
  fake dmesg '*|1|dmesg: read kernel buffer failed: Operation not permitted'
  fake journalctl '*|0|NVRM: Xid (PCI:0000:10:1c): 43, pid=1896, name=python3, Ch 00000008\nNVRM: Xid (PCI:0000:10:1c): 63, pid=1896, Row Remapper: New row marked for remapping, reset gpu to activate.'
  check 'driver nvidia'
  [[ "$output" == *"warning gpu "*"63, pid=1896, Row Remapper"* ]]
  fake journalctl '*|0|NVRM: Xid (PCI:0000:10:1c): 43, pid=1896, name=python3, Ch 00000008'
  check 'driver nvidia'
  [ "$status" -eq 0 ]
  [[ "$output" != *Xid* ]]
}

@test "check-machine.sh with a share on the machine's own disk warns" {
  fake stat '-f*|0|ext2/ext3' '*|0|65024'
  mkdir -p "$HOST_ROOT/mnt/models"
  check 'mount /mnt/models' 'share /mnt/models'
  [ "$status" -eq 0 ]
  [[ "$output" == *"warning share /mnt/models is on the machine's own disk (ext2/ext3)"* ]]
}

@test "check-machine.sh with a share that is mounted reports its type, and a missing one once" {
  fake stat '-f*|0|nfs' '-c %d */mnt/models|0|57' '*|0|65024'
  mkdir -p "$HOST_ROOT/mnt/models"
  check 'share /mnt/models'
  [[ "$output" == *"ok share /mnt/models is mounted (nfs)"* ]]
  check 'mount /mnt/absent' 'share /mnt/absent'
  [ "$(problems)" -eq 1 ]
  [[ "$output" != *"share"* ]]
}

# gpus <minor number of GPU 0> <of GPU 1>...: as the driver lists them.
gpus() {
  local index=0 minor folder
  for minor; do
    folder="$HOST_ROOT/proc/driver/nvidia/gpus/0000:1$index:00.0"
    mkdir -p "$folder"
    printf 'Model: \t\t NVIDIA H100 80GB HBM3\nBus Location: \t 0000:1%s:00.0\nDevice Minor: \t %s\n' "$index" "$minor" >"$folder/information"
    touch "$HOST_ROOT/dev/nvidia$index"
    index=$((index + 1))
  done
  fake nvidia-smi '*|0|0, 00000000:10:00.0\n1, 00000000:11:00.0\n2, 00000000:12:00.0\n3, 00000000:13:00.0'
  fake dmesg '*|0|'
}

@test "check-machine.sh accepts chosen GPUs that are the same by index and by device node" {
  gpus 1 0 3 2
  for chosen in '0 1' '2 3' '0 1 2 3'; do
    local facts=('driver nvidia') number
    for number in $chosen; do facts+=("accelerator /dev/nvidia$number"); done
    check "${facts[@]}"
    [ "$status" -eq 0 ]
    [[ "$output" == *"ok gpu-number "* ]]
  done
}

@test "check-machine.sh refuses chosen GPUs whose device nodes are those of others" {
  gpus 2 3 0 1
  check 'driver nvidia' 'accelerator /dev/nvidia0' 'accelerator /dev/nvidia1'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem gpu-number "*"GPU 0 is /dev/nvidia2, GPU 1 is /dev/nvidia3."* ]]
}

@test "check-machine.sh says nothing of the order of GPUs where the driver does not" {
  gpus 0 1
  rm -r "$HOST_ROOT/proc/driver"
  check 'driver nvidia' 'accelerator /dev/nvidia0'
  [ "$status" -eq 0 ]
  [[ "$output" != *gpu-number* ]]
  rm "$BIN/nvidia-smi"
  check 'driver nvidia' 'accelerator /dev/nvidia0'
  [ "$status" -eq 0 ]
  [[ "$output" != *gpu-number* ]]
}

# Words: NVIDIA/nvidia-container-toolkit#394, #171; NVIDIA/nvidia-docker#1245.
@test "check-machine.sh with a driver that does not answer says what it says, and the remedy" {
  local words fix
  while IFS='|' read -r words fix; do
    fake nvidia-smi "-L|9|$words"
    check 'driver nvidia'
    [ "$status" -eq 1 ]
    [[ "$output" == *"problem driver nvidia-smi: $words: "*"$fix"* ]]
  done <<'EOF'
Failed to initialize NVML: Driver/library version mismatch|reboot
NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.|dkms status
Unable to determine the device handle for GPU0000:2B:00.0: Unknown Error|power the machine off
Failed to initialize NVML: Unknown Error|install the driver again
EOF
  fake nvidia-smi '-L|0|No devices were found'
  check 'driver nvidia'
  [ "$status" -eq 1 ]
  fake nvidia-smi '-L|9|asked in vain'
  check
  [[ "$output" != *driver* ]]
}

# security <options as docker info prints them> <root folder> <operating system>
security() {
  fake docker 'version*|0|28.2.2' 'info*Runtimes*|0|runc' "info*SecurityOptions*|0|[$1] $2 $3" 'ps *|0|'
}

# Reports: moby/moby#20546; zhblue/hustoj#991 (userns-remap); epics-containers/epics-containers.github.io#174 (rootless);
# canonical/docker-snap#189, #188 and moby/moby#34427 (snap).
@test "check-machine.sh refuses a Docker engine that is not the machine's own" {
  security '"name=seccomp,profile=builtin","name=rootless","name=cgroupns"' /home/ops/.local/share/docker 'Ubuntu 24.04 LTS'
  check 'mount /data/models'
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem engine "*"runs without root"* ]]
  security '"name=seccomp,profile=builtin","name=userns"' /var/lib/docker/100000.100000 'Debian GNU/Linux 12'
  check
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem engine "*"userns-remap"* ]]
  security '"name=seccomp,profile=unconfined"' /var/lib/docker 'Docker Desktop'
  check
  [ "$status" -eq 1 ]
  [[ "$output" == *"problem engine "*"virtual machine"* ]]
}

@test "check-machine.sh refuses the snap of Docker where it does not see a folder" {
  mkdir -p "$HOST_ROOT/data/models" "$HOST_ROOT/home/ops/models"
  security '"name=apparmor","name=seccomp,profile=builtin"' /var/snap/docker/common/var-lib-docker 'Ubuntu Core 24'
  check 'mount /data/models' 'mount /home/ops/models'
  [ "$status" -eq 1 ]
  [ "$(problems)" -eq 1 ]
  [[ "$output" == *"problem engine the Docker engine is a snap"*"instead of /data/models"* ]]
  check 'mount /home/ops/models'
  [ "$status" -eq 0 ]
}

@test "check-machine.sh refuses Podman under the name of Docker" {
  fake docker '--version|0|podman version 4.9.3' 'version*|0|4.9.3'
  check
  [ "$status" -eq 1 ]
  [ "$(problems)" -eq 1 ]
  [[ "$output" == *"problem docker docker is a name of Podman"* ]]
}

@test "check-machine.sh takes every engine of the machine itself" {
  local options
  for options in '"name=apparmor","name=seccomp,profile=builtin","name=cgroupns"' '"name=seccomp,profile=builtin"' 'null'; do
    security "$options" /var/lib/docker 'Rocky Linux 9.4'
    check 'mount /data/models'
    [[ "$output" != *"problem engine"* && "$output" != *selinux* ]]
  done
}

# Reports: NVIDIA/nvidia-container-toolkit#33; NVIDIA/nvidia-docker#676, #443.
@test "check-machine.sh warns of folders and GPUs that SELinux closes to containers" {
  mkdir -p "$HOST_ROOT/data/models" "$HOST_ROOT/data/open"
  fake stat "-c %C */data/models|0|unconfined_u:object_r:default_t:s0" "-c %C */data/open|0|system_u:object_r:container_file_t:s0"
  fake nvidia-smi '*|0|GPU 0: NVIDIA H100'
  fake getenforce '*|0|Enforcing'
  security '"name=seccomp,profile=builtin","name=selinux"' /var/lib/docker 'Rocky Linux 9.4'
  check 'mount /data/models' 'mount /data/open' 'driver nvidia'
  [ "$status" -eq 0 ]
  [[ "$output" == *"warning selinux SELinux may close /data/models (unconfined_u:object_r:default_t:s0)"* ]]
  [[ "$output" == *"warning selinux SELinux confines containers here"*"Insufficient Permissions"* ]]
  [[ "$output" != */data/open\ * ]]
  fake getenforce '*|0|Permissive'
  check 'mount /data/models' 'driver nvidia'
  [[ "$output" != *selinux* ]]
}

# Reports: eugr/spark-vllm-docker#227, vllm-project/vllm#14186 (two interfaces), ray-project/ray#8430 (two addresses).
@test "check-machine.sh warns where the way to the head begins at another address" {
  fake ip '-o -4 address*|0|2: eth0    inet 10.1.0.2/24 scope global eth0' '-o -4 route get 10.1.0.1|0|10.1.0.1 dev eth0 src 10.1.0.2 uid 0 \\\\    cache'
  check 'address 10.1.0.2' 'head 10.1.0.1'
  [ "$status" -eq 0 ]
  [[ "$output" == *"ok route to the head by eth0"* ]]
  local from
  for from in 'eth1 src 10.1.0.9' 'docker0 src 10.1.0.1'; do
    fake ip '-o -4 address*|0|2: eth0    inet 10.1.0.2/24 scope global eth0' "-o -4 route get 10.1.0.1|0|10.1.0.1 dev $from uid 0"
    check 'address 10.1.0.2' 'head 10.1.0.1'
    [ "$status" -eq 0 ]
    [[ "$output" == *"warning route connections to the head 10.1.0.1 begin at ${from#* src } (${from%% *}), not at 10.1.0.2"* ]]
  done
  fake ip '-o -4 address*|0|2: eth0    inet 10.1.0.2/24 scope global eth0' '*|2|RTNETLINK answers: Network is unreachable'
  check 'address 10.1.0.2' 'head 10.1.0.1'
  [[ "$output" != *route* ]]
}

# Reports: ray-project/ray#7632 (firewalld), #7242, #12153.
@test "check-machine.sh warns of a firewall of the distribution, unless it lets the network in" {
  fake systemctl 'is-active --quiet firewalld|0|'
  fake firewall-cmd '--zone=trusted --list-sources|0|192.168.9.0/24'
  check 'network 10.1.0.0/24'
  [ "$status" -eq 0 ]
  [[ "$output" == *"warning firewall firewalld is active"*"--add-source=10.1.0.0/24"* ]]
  fake firewall-cmd '--zone=trusted --list-sources|0|192.168.9.0/24 10.1.0.0/24'
  check 'network 10.1.0.0/24'
  [[ "$output" == *"ok firewall firewalld trusts 10.1.0.0/24"* && "$output" != *warning* ]]
  fake systemctl '*|3|'
  check 'network 10.1.0.0/24'
  [[ "$output" != *firewall* ]]
  mkdir -p "$HOST_ROOT/etc/ufw"
  printf 'ENABLED=yes\nLOGLEVEL=low\n' >"$HOST_ROOT/etc/ufw/ufw.conf"
  check 'network 10.1.0.0/24'
  [[ "$output" == *"warning firewall ufw is active"*"ufw allow from 10.1.0.0/24"* ]]
  printf -- '-A ufw-user-input -s 10.1.0.0/24 -j ACCEPT\n' >"$HOST_ROOT/etc/ufw/user.rules"
  check 'network 10.1.0.0/24'
  [[ "$output" == *"ok firewall ufw lets 10.1.0.0/24 in"* ]]
  printf 'ENABLED=no\n' >"$HOST_ROOT/etc/ufw/ufw.conf"
  check 'network 10.1.0.0/24'
  [[ "$output" != *firewall* ]]
}
