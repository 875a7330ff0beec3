#!/usr/bin/env bash
# Checks whether this machine can be a node of a cluster. Changes nothing. The facts to check come on standard input, one
# per line:
#
#   cluster <name>              the cluster of the node
#   container <name>            the node's own container
#   address <IPv4 address>      must be the address of an interface
#   head <IPv4 address>         of the first node: the way there should begin at this node's address
#   network <CIDR>              that the nodes share: the machine's own firewall should let it in
#   architecture <amd64|arm64>  must be this machine's
#   device <path>, mount <path> must exist
#   accelerator <path>          no container of another cluster may have this device; an NPU, no other container at all
#   share <path>                other nodes must see the same: it should not be on the machine's own disk
#   docker <version|any>        oldest Docker engine that runs the image (20.10.10)
#   image <reference> [<GiB>]   pulled here unless present; its size, where it is known
#   runtime <name>              the Docker engine must have it
#   driver nvidia               must answer; its errors stand in the kernel's log, and it numbers GPUs in two ways
#   program <name> <package>    must be installed
#   port <number>, port <a>-<b> only the node's own container may listen there
#   clock <seconds>             the caller's time, in seconds since 1970
#
# Prints one line per finding, `ok|warning|problem <topic> <text>`; ends with 1 if there is a problem.
#
#   HOST_ROOT  root of devices, mounts and /proc, for tests  (empty)
set -euo pipefail

readonly ROOT="${HOST_ROOT:-}"
# With a larger difference, signed requests may be refused and logs are hard to compare.
readonly CLOCK_SECONDS=60
readonly TOOL_FOLDERS=(/usr/local/sbin /usr/local/bin /usr/sbin /usr/bin)
# A listening socket in /proc/net/tcp.
readonly LISTENING="0A"
# Since this version of its toolkit, NVIDIA's runtime starts containers under cgroup v2 (releases of
# NVIDIA/libnvidia-container, v1.8.0).
readonly TOOLKIT_WITH_CGROUP_2=1.8.0
# Since this version Docker warns of the end of cgroup v1 (docs.docker.com/engine/deprecated).
readonly DOCKER_AGAINST_CGROUP_1=29
# A driver with a GPU that has failed may never answer.
readonly DRIVER_SECONDS=60
# Errors that a program causes: they say nothing of the GPU (docs.nvidia.com/deploy/xid-errors).
readonly PROGRAM_XIDS="13|31|43|45"

# Oldest engine that runs images of present distributions (lib/catalog/docker-versions.json).
docker_minimum=20.10.10
address="" cluster="" container="" engine_version="" image="" image_gib="" driver="" problems=0
ports=() accelerators=() folders=()

main() {
  local key value
  while read -r key value; do
    case "$key" in
      cluster) cluster="$value" ;;
      container) container="$value" ;;
      address)
        address="$value"
        check_address "$value"
        ;;
      head) check_route "$value" ;;
      architecture) check_architecture "$value" ;;
      device)
        check_path device "$value"
        [ "$value" != /dev/nvidia-uvm ] || check_nodes_at_boot
        ;;
      accelerator) accelerators+=("$value") ;;
      mount)
        check_path mount "$value"
        folders+=("$value")
        ;;
      network) check_firewall "$value" ;;
      share) check_share "$value" ;;
      port) ports+=("$value") ;;
      clock) check_clock "$value" ;;
      runtime) runtime="$value" ;;
      docker) docker_minimum="$value" ;;
      image) read -r image image_gib <<<"$value" ;;
      driver) driver="$value" ;;
      program) check_program "${value% *}" "${value#* }" ;;
      "") ;;
      *) problem fact "unknown fact '$key'" ;;
    esac
  done
  if check_docker; then
    check_version
    check_runtime "${runtime:-}"
    check_engine
    check_confinement
    check_holders
  fi
  check_ports
  if [ "$driver" = nvidia ]; then
    ! check_driver || check_gpu_numbers
    check_kernel_log
  fi
  [ "$problems" -eq 0 ]
}

ok() { printf 'ok %s %s\n' "$1" "$2"; }

warning() { printf 'warning %s %s\n' "$1" "$2"; }

problem() {
  problems=$((problems + 1))
  printf 'problem %s %s\n' "$1" "$2"
}

check_address() {
  local found
  found="$(ip -o -4 address show 2>/dev/null | awk '{ sub("/.*", "", $4); print $4 }')"
  if [ -z "$found" ]; then
    found="$(hostname -I 2>/dev/null | tr ' ' '\n')"
  fi
  if grep -Fxq -- "$1" <<<"$found"; then
    ok address "$1 is on this machine"
  else
    problem address "$1 is not on this machine; it has $(tr '\n' ' ' <<<"$found")"
  fi
}

# Ray and the engine do not choose the address that their connections begin at: the kernel does, by the route. A second
# interface on the same network, or a bridge of Docker's that lies over it, takes them elsewhere.
check_route() {
  local said source interface
  said="$(ip -o -4 route get "$1" 2>/dev/null)" || return 0
  source="$(sed -n 's/.* src \([^ ]*\).*/\1/p' <<<"$said")"
  interface="$(sed -n 's/.* dev \([^ ]*\).*/\1/p' <<<"$said")"
  [ -n "$source" ] && [ -n "$interface" ] || return 0
  if [ "$source" = "$address" ]; then
    ok route "to the head by $interface"
  else
    warning route "connections to the head $1 begin at $source ($interface), not at $address: the head's packet filter takes them for \
a stranger's. See ip route get $1: a second interface or a bridge (docker0) on that network"
  fi
}

check_architecture() {
  local found
  case "$(uname -m)" in
    x86_64) found=amd64 ;;
    aarch64) found=arm64 ;;
    *) found="$(uname -m)" ;;
  esac
  if [ "$found" = "$1" ]; then
    ok architecture "$found"
  else
    problem architecture "this machine is $found, the inventory says $1"
  fi
}

check_path() {
  local folder elsewhere=""
  if [ -e "$ROOT$2" ]; then
    ok "$1" "$2"
    return
  fi
  # The tools of a driver are not in the same folder on all products.
  for folder in "${TOOL_FOLDERS[@]}"; do
    if [ "$1" = mount ] && [ -e "$ROOT$folder/${2##*/}" ]; then
      elsewhere="; found $folder/${2##*/}: set driverPaths of this machine"
    fi
  done
  if [[ "$2" == /dev/nvidia* ]]; then
    elsewhere=": the driver's first use makes it. \`npx cdktf-ray-cluster prepare-hosts\` has that done now and at each boot; by hand, \
as root: nvidia-smi -L && nvidia-modprobe -u -c=0"
  fi
  problem "$1" "$2 is missing$elsewhere"
}

# Docker starts containers when the machine starts, and does not try again where a device is missing. What makes the nodes before
# that is known by name: rules of distributions' packages, and units.
check_nodes_at_boot() {
  local folder
  for folder in lib/udev/rules.d usr/lib/udev/rules.d etc/udev/rules.d etc/systemd/system usr/lib/systemd/system lib/systemd/system; do
    ! grep -Eqrs -- 'nvidia-modprobe .*(-u|--unified-memory)|nvidia-ctk system create-device-nodes' "$ROOT/$folder" ||
      { ok nodes "made before Docker starts, by $folder"; return; }
  done
  warning nodes "nothing that is known makes /dev/nvidia-uvm before Docker starts containers: after a reboot the node may stay \
stopped. \`npx cdktf-ray-cluster prepare-hosts\` adds a unit that makes it"
}

# A share that is not mounted is an empty folder of the machine's disk. The file server itself may be a node.
check_share() {
  local kind
  [ -d "$ROOT$1" ] || return 0
  kind="$(stat -f -c %T "$ROOT$1")"
  if [ "$(stat -c %d "$ROOT$1")" = "$(stat -c %d "$ROOT/")" ]; then
    warning share "$1 is on the machine's own disk ($kind): mount the storage there, unless this machine serves it to the others"
  else
    ok share "$1 is mounted ($kind)"
  fi
}

# A firewall of the distribution drops what no rule of it lets in, whatever the rules of others say. Whether it does can only
# be asked as root, so this warns.
check_firewall() {
  local name="" way=""
  if systemctl is-active --quiet firewalld 2>/dev/null; then
    ! firewall-cmd --zone=trusted --list-sources 2>/dev/null | grep -Fqw -- "$1" || { ok firewall "firewalld trusts $1"; return; }
    name=firewalld way="firewall-cmd --permanent --zone=trusted --add-source=$1 && firewall-cmd --reload"
  elif grep -qs '^ENABLED=yes' "$ROOT/etc/ufw/ufw.conf"; then
    ! grep -Fqs -- "-s $1 -j ACCEPT" "$ROOT/etc/ufw/user.rules" || { ok firewall "ufw lets $1 in"; return; }
    name=ufw way="ufw allow from $1"
  fi
  [ -z "$name" ] || warning firewall "$name is active: unless its rules let the other nodes in, they do not reach Ray here. As root: $way"
}

check_clock() {
  local off
  off=$(($(date +%s) - $1))
  if [ "${off#-}" -le "$CLOCK_SECONDS" ]; then
    ok clock "within $CLOCK_SECONDS s"
  elif [ "$off" -gt 0 ]; then
    warning clock "$off s ahead of the machine that runs this check"
  else
    warning clock "${off#-} s behind the machine that runs this check"
  fi
}

# Whether this user can use the Docker engine.
check_program() {
  if PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null; then
    ok "$1" "it is installed"
  else
    problem "$1" "$1 is missing: \`npx cdktf-ray-cluster prepare-hosts\` installs the package $2"
  fi
}

check_docker() {
  local version
  if ! command -v docker >/dev/null; then
    problem docker "Docker is not installed"
    return 1
  fi
  if docker --version 2>/dev/null | grep -qi podman; then
    problem docker "docker is a name of Podman here, whose engine is another one. Install Docker Engine instead of podman-docker"
    return 1
  fi
  if version="$(docker version --format '{{.Server.Version}}' 2>&1)"; then
    ok docker "$version"
    engine_version="$version"
    return
  fi
  if grep -qi 'permission denied while trying to connect' <<<"$version"; then
    problem docker "user '$(id -un)' may not use the Docker engine; add it to the group 'docker'"
  else
    problem docker "the Docker engine does not answer: $(tail -n 1 <<<"$version")"
  fi
  return 1
}

# An engine that does not know the system calls of the image's C library kills its first thread.
check_version() {
  [ "$docker_minimum" != any ] || return 0
  if is_older "$engine_version" "$docker_minimum"; then
    problem docker-version "Docker $engine_version is older than $docker_minimum, which images of newer distributions need \
(pthread_create: Operation not permitted). Update it; if its vendor has added clone3 to this version, name \
'docker version' in toleratedChecks"
  else
    ok docker-version "$engine_version, at least $docker_minimum"
  fi
}

# is_older <version> <version>: by their first three numbers.
is_older() {
  local one other index
  IFS=. read -r -a one <<<"${1%%[!0-9.]*}"
  IFS=. read -r -a other <<<"$2"
  for index in 0 1 2; do
    # In base 10: 09 is not octal.
    local here=$((10#0${one[index]:-})) there=$((10#0${other[index]:-}))
    [ "$here" -eq "$there" ] || { [ "$here" -lt "$there" ]; return; }
  done
  return 1
}

# How the engine stores images and confines containers. Engines before 20.10 do not say it.
check_engine() {
  local storage cgroup folder
  read -r storage cgroup folder < <(docker info --format '{{.Driver}} {{.CgroupVersion}} {{.DockerRootDir}} {{.DriverStatus}}' 2>/dev/null) || true
  # The last words say where the image store is.
  [[ "$folder" != *containerd.snapshotter* ]] || folder=/var/lib/containerd
  folder="${folder%% *}"
  [[ "$folder" == /* ]] || return 0
  check_storage "$storage"
  check_cgroup "$cgroup"
  [ -z "$image" ] || check_disk "$folder"
}

# An engine whose containers have neither the machine's network nor its devices and folders is not the machine's own
# (docs.docker.com/engine/security/rootless, .../userns-remap; moby/moby#20546; canonical/docker-snap#189).
check_confinement() {
  local said folder foreign="is not this machine's own"
  said="$(docker info --format '{{json .SecurityOptions}} {{.DockerRootDir}} {{.OperatingSystem}}' 2>/dev/null)" || return 0
  case "$said" in
    *name=rootless*)
      problem engine "the Docker engine $foreign: it runs without root, and a container has neither the machine's network nor limits \
of its own. Use the one of root: docker context use default, and DOCKER_HOST unset"
      ;;
    *name=userns*)
      problem engine "the Docker engine maps users (userns-remap) and starts no container with the machine's network. Take \
userns-remap out of /etc/docker/daemon.json"
      ;;
    *"Docker Desktop"*)
      problem engine "the Docker engine $foreign: Docker Desktop runs containers in a virtual machine. Use Docker Engine"
      ;;
    *" /var/snap/"*)
      for folder in "${folders[@]}"; do
        [[ "$folder" == /home/* ]] || problem engine "the Docker engine is a snap: a container would have an empty folder instead of \
$folder. Remove it (snap remove docker) and run \`npx cdktf-ray-cluster prepare-hosts\`"
      done
      ;;
  esac
  [[ "$said" != *name=selinux* ]] || check_labels
}

# Folders of the machine are closed to confined containers unless they are labelled for them, and so are GPUs
# (NVIDIA/nvidia-container-toolkit#33; NVIDIA/nvidia-docker#676).
check_labels() {
  local folder label
  [ "$(getenforce 2>/dev/null)" = Enforcing ] || return 0
  for folder in "${folders[@]}"; do
    label="$(stat -c %C "$ROOT$folder" 2>/dev/null)" || continue
    [[ "$label" =~ :(container_(file|ro_file|share)|svirt_sandbox_file)_t: ]] ||
      warning selinux "SELinux may close $folder ($label) to containers. chcon -Rt container_file_t $folder; or ipc: IpcMode.HOST, \
with which Docker sets no labels"
  done
  [ "$driver" != nvidia ] || warning selinux "SELinux confines containers here: where nvidia-smi says 'Insufficient Permissions' \
in one, set ipc: IpcMode.HOST, with which Docker sets no labels"
}

check_storage() {
  case "$1" in
    vfs | native)
      warning storage "the storage driver $1 copies every layer of an image as a whole: it takes many times the image's size, and minutes. Use overlay2"
      ;;
    devicemapper)
      warning storage "the storage driver devicemapper gives a container 10 GB unless dm.basesize says more, and newer engines do not have it. Use overlay2"
      ;;
    *) ok storage "$1" ;;
  esac
}

check_cgroup() {
  local toolkit
  toolkit="$(nvidia-container-cli --version 2>/dev/null | awk '$1 == "cli-version:" { print $2 }')" || true
  if [ "$1" = 2 ] && [ "${runtime:-}" = nvidia ] && [ -n "$toolkit" ] && is_older "$toolkit" "$TOOLKIT_WITH_CGROUP_2"; then
    problem cgroup "this machine has cgroup v2, and NVIDIA's container toolkit $toolkit starts no container there (cgroup \
subsystem devices not found). Update it to $TOOLKIT_WITH_CGROUP_2 or newer"
  elif [ "$1" = 1 ] && ! is_older "$engine_version" "$DOCKER_AGAINST_CGROUP_1"; then
    warning cgroup "Docker $engine_version will drop cgroup v1. Boot with systemd.unified_cgroup_hierarchy=1"
  else
    ok cgroup "v$1"
  fi
}

# check_disk <folder of the images>
check_disk() {
  local free
  if docker image inspect "$image" >/dev/null 2>&1; then
    ok disk "the image $image is here already"
    return
  fi
  free="$(df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print int($4 / 1048576) }')"
  [ -n "$free" ] || return 0
  if [ -n "$image_gib" ] && [ "$free" -lt "$image_gib" ]; then
    problem disk "$1 has $free GiB free, the image $image takes $image_gib GiB. Make room (docker system df), or, if a part of \
it is here already, name 'image disk' in toleratedChecks"
  else
    ok disk "$free GiB free in $1"
  fi
}

# The runtime starts no container where the driver does not answer, and says only that.
check_driver() {
  local said fix
  command -v nvidia-smi >/dev/null || return 0
  said="$(timeout "$DRIVER_SECONDS" nvidia-smi -L 2>&1)" && [[ "$said" != "No devices"* ]] && return 0
  case "$said" in
    *"version mismatch"*) fix="the driver was updated and the kernel runs the old one: reboot" ;;
    *"communicate with the NVIDIA driver"*) fix="its kernel module is not loaded, often since the kernel was updated: dkms status, modprobe nvidia" ;;
    *"device handle"* | *"No devices"*) fix="a GPU does not answer: see dmesg (NVRM, Xid), power the machine off and on" ;;
    "") fix="no answer within $DRIVER_SECONDS s: see dmesg (NVRM, Xid), reboot" ;;
    *) fix="install the driver again, see dmesg (NVRM)" ;;
  esac
  problem driver "nvidia-smi: ${said//$'\n'/ }: $fix"
  return 1
}

# The container gets the device nodes /dev/nvidia<minor number>, and from the runtime the GPUs that nvidia-smi has at these
# indices. The two orders may differ: `Device Minor` in /proc/driver/nvidia/gpus/*/information says how.
check_gpu_numbers() {
  local index bus device chosen=" " given=" " pairs=""
  for device in "${accelerators[@]}"; do
    [[ "$device" =~ ^/dev/nvidia[0-9]+$ ]] && chosen+="${device#/dev/nvidia} "
  done
  while IFS=', ' read -r index bus; do
    [[ "$chosen" == *" $index "* ]] || continue
    device="$(minor_of "$bus")"
    [ -n "$device" ] || return 0
    given+="$device "
    pairs+="${pairs:+, }GPU $index is /dev/nvidia$device"
  done < <(nvidia-smi --query-gpu=index,pci.bus_id --format=csv,noheader 2>/dev/null)
  [ "$given" != " " ] || return 0
  for device in $given; do
    if [[ "$chosen" != *" $device "* ]]; then
      problem gpu-number "nvidia-smi and the device nodes count the GPUs in different orders: $pairs. The container would get GPUs that \
are not its own; choose devices that are the same in both orders, or all of the machine"
      return
    fi
  done
  ok gpu-number "chosen by index and by device node: the same GPUs"
}

# minor_of <bus id as nvidia-smi prints it>: `00000000:19:00.0` is the folder 0000:19:00.0.
minor_of() {
  local folder="${1,,}"
  awk '$1 == "Device" && $2 == "Minor:" { print $3 }' "$ROOT/proc/driver/nvidia/gpus/${folder#0000}/information" 2>/dev/null || true
}

# What NVIDIA's driver has reported since the boot; only root may read it on some distributions.
check_kernel_log() {
  local found
  found="$({ dmesg 2>/dev/null || journalctl --dmesg --no-pager --output=cat 2>/dev/null; } |
    grep -oE 'NVRM: Xid \(.*' | grep -vE "Xid \\([^)]*\\): ($PROGRAM_XIDS)," | tail -n 1)" || true
  [ -z "$found" ] || warning gpu "the driver has reported since the boot: $found. Unless the GPU was reset since, see docs.nvidia.com/deploy/xid-errors"
}

# Clusters share a machine by its devices. The driver gives an NPU to one container only, whoever has started that.
check_holders() {
  local name owner held device others=()
  [ "${#accelerators[@]}" -gt 0 ] || return 0
  while read -r name owner held; do
    if [ -z "$name" ] || [ "$owner" = "$cluster" ]; then continue; fi
    [ "$owner" = - ] || others+=("$owner")
    for device in "${accelerators[@]}"; do
      if [[ " $held " != *" $device "* ]]; then continue; fi
      if [ "$owner" != - ]; then
        problem accelerator "$device belongs to container '${name#/}' of cluster '$owner'; choose other devices for one of the two"
      elif [[ "$device" =~ ^/dev/davinci[0-9]+$ ]]; then
        problem npu "$device belongs to container '${name#/}'; stop it, or use another machine"
      fi
    done
  done < <(docker ps --quiet --no-trunc | containers_with_devices)
  if [ "${#others[@]}" -gt 0 ]; then
    ok clusters "other clusters here: $(printf '%s\n' "${others[@]}" | sort -u | tr '\n' ' ')"
  fi
}

# For each container id: name, cluster (`-`: none) and devices, an emulated one by its name in the container.
containers_with_devices() {
  local id
  while read -r id; do
    docker inspect --format '{{.Name}} {{with index .Config.Labels "ray-cluster.cluster"}}{{.}}{{else}}-{{end}}{{range .HostConfig.Devices}} {{if eq .PathOnHost "/dev/null"}}{{.PathInContainer}}{{else}}{{.PathOnHost}}{{end}}{{end}}' "$id" || true
  done
}

check_runtime() {
  local found
  [ -n "$1" ] || return 0
  found="$(docker info --format '{{range $name, $_ := .Runtimes}}{{println $name}}{{end}}')"
  if grep -Fxq -- "$1" <<<"$found"; then
    ok runtime "$1"
  else
    problem runtime "the Docker engine has no runtime '$1'; it has $(tr '\n' ' ' <<<"$found")"
  fi
}

# Reports sockets on planned ports that something other than the node's own container listens on.
check_ports() {
  local wanted from to port inode owner taken=0
  [ "${#ports[@]}" -gt 0 ] || return 0
  while read -r port inode; do
    for wanted in "${ports[@]}"; do
      from="${wanted%-*}" to="${wanted#*-}"
      if [ "$port" -ge "$from" ] && [ "$port" -le "$to" ]; then
        owner="$(owner_of "$port" "$inode")"
        if [ "$owner" != "container '$container'" ]; then
          problem port "$port is in use by $owner"
          taken=1
        fi
      fi
    done
  done < <(listening)
  [ "$taken" -ne 0 ] || ok port "all ${#ports[@]} port ranges are free"
}

# `<port> <inode>` of every listening socket, each port once.
listening() {
  local hex inode
  cat "$ROOT"/proc/net/tcp "$ROOT"/proc/net/tcp6 2>/dev/null |
    awk -v listening="$LISTENING" '$4 == listening { n = split($2, a, ":"); print a[n], $10 }' |
    while read -r hex inode; do printf '%d %s\n' "0x$hex" "$inode"; done | sort -n -u -k1,1
}

# The owner of a socket: a container, else a program.
owner_of() {
  local port="$1" inode="$2" link process id name
  link="$(find "$ROOT"/proc/[0-9]*/fd -lname "socket:\\[$inode\\]" -print -quit 2>/dev/null)" || true
  if [ -z "$link" ]; then
    printf "a program of another user"
    return
  fi
  process="${link%/fd/*}"
  id="$(grep -oE '[0-9a-f]{64}' "$process/cgroup" 2>/dev/null | tail -n 1)" || true
  if [ -n "$id" ] && name="$(docker inspect --format '{{.Name}}' "$id" 2>/dev/null)"; then
    printf "container '%s'" "${name#/}"
    return
  fi
  # The engine itself listens on the published ports of a container.
  name="$(docker ps --filter "publish=$port" --format '{{.Names}}' 2>/dev/null | head -n 1)" || true
  if [ -n "$name" ]; then
    printf "container '%s'" "$name"
  else
    printf "the program '%s' (process %s)" "$(cat "$process/comm")" "${process##*/}"
  fi
}

main
