#!/usr/bin/env bats
# The Lustre client is there for the running kernel, or installed, or the kernel is named; it is tuned as AWS advises.

load support

setup() {
  set_up_boot
  export MODPROBE_FOLDER="$BATS_TEST_TMPDIR" KEYRING="$BATS_TEST_TMPDIR/key.gpg" APT_LIST="$BATS_TEST_TMPDIR/fsx.list"
  export HOST_ROOT="$BATS_TEST_TMPDIR/root"
  mkdir -p "$HOST_ROOT/proc"
  memory 2097152
  PATH="$(without mount.lustre apt-get dnf yum nproc uname modinfo lctl curl gpg lsb_release)"
  fake mount.lustre '*|0|'
  fake modinfo '*|0|'
  fake nproc '*|0|192'
  fake uname '-r|0|6.14.0-1018-aws'
  fake lctl '*|0|'
  fake curl '*|0|KEY'
  fake gpg '*|0|'
  fake lsb_release '-cs|0|noble'
}

# memory <MiB>
memory() { printf 'MemTotal:       %s kB\n' "$(($1 * 1024))" >"$HOST_ROOT/proc/meminfo"; }

lustre_client() {
  run "$PROGRAMS/lustre-client.sh" "$@"
}

# Ubuntu whose repository has the client (0), or not (100).
ubuntu() {
  fake apt-get '*|0|'
  fake apt-cache "show lustre-client-modules-6.14.0-1018-aws|$1|" '*|100|'
}

@test "lustre-client.sh with the client for the kernel installs nothing" {
  lustre_client
  [ "$status" -eq 0 ]
  lacks '^\(curl\|apt-get\)' "$FAKE_CALLS"
}

@test "lustre-client.sh gives the modules of many cores their options before they are loaded, and of few none" {
  lustre_client
  [ "$(cat "$MODPROBE_FOLDER/ray-cluster-lustre.conf")" = $'options ptlrpc ptlrpcd_per_cpt_max=32\noptions ksocklnd credits=2560' ]
  rm "$MODPROBE_FOLDER/ray-cluster-lustre.conf"
  fake nproc '*|0|64'
  lustre_client
  [ ! -e "$MODPROBE_FOLDER/ray-cluster-lustre.conf" ]
}

@test "lustre-client.sh without the module of the kernel installs it from AWS's signed repository" {
  ubuntu 0
  fake modinfo 'lustre|1|' 'lustre|0|'
  lustre_client
  [ "$status" -eq 0 ]
  grep -q '^apt-get install .*lustre-client-modules-6.14.0-1018-aws$' "$FAKE_CALLS"
  [ "$(cat "$APT_LIST")" = "deb [signed-by=$KEYRING] https://fsx-lustre-client-repo.s3.amazonaws.com/ubuntu noble main" ]
}

@test "lustre-client.sh on Amazon Linux installs the distribution's client" {
  fake dnf '-q info lustre-client|0|Name : lustre-client' 'install*|0|'
  fake modinfo 'lustre|1|' 'lustre|0|'
  lustre_client
  [ "$status" -eq 0 ]
  grep -q '^dnf install -y -q lustre-client$' "$FAKE_CALLS"
}

@test "lustre-client.sh for a kernel that AWS has no modules for names it" {
  ubuntu 100
  fake modinfo '*|1|'
  lustre_client
  [ "$status" -eq 1 ]
  noted "no Lustre client for the kernel 6.14.0-1018-aws: *lustre-client-matrix.html"
}

@test "lustre-client.sh that does not reach AWS's key says so, and leaves no repository behind" {
  ubuntu 0
  fake modinfo '*|1|'
  fake curl '*|6|Could not resolve host'
  lustre_client
  [ "$status" -eq 1 ]
  noted "no Lustre client for the kernel 6.14.0-1018-aws, and https://*cannot be fetched: Could not resolve host"
  [ ! -e "$APT_LIST" ]
}

@test "lustre-client.sh tune sets what AWS advises for much memory and many cores" {
  lustre_client tune
  [ "$status" -eq 0 ]
  [ "$(sed -n 's/^lctl set_param //p' "$FAKE_CALLS")" = "ldlm.namespaces.*.lru_max_age=600000
ldlm.namespaces.*.lru_size=19200
osc.*OST*.max_rpcs_in_flight=32
mdc.*.max_rpcs_in_flight=64
mdc.*.max_mod_rpcs_in_flight=50" ]
}

@test "lustre-client.sh tune leaves a small machine alone" {
  memory 65536
  fake nproc '*|0|16'
  lustre_client tune
  [ "$status" -eq 0 ]
  lacks '^lctl' "$FAKE_CALLS"
}

@test "lustre-client.sh tune goes on where the client does not take a value" {
  fake lctl '*mdc*|22|error' '*|0|'
  lustre_client tune
  [ "$status" -eq 0 ]
  [[ "$output" == *"does not take mdc.*.max_rpcs_in_flight=64"* ]]
}
