#!/usr/bin/env bats
# shellcheck disable=SC2016 # apt knows $(ARCH)
# Stand-ins replace the programs of the host; the tests check which are called, and what apt trusts.

SCRIPT="$BATS_TEST_DIRNAME/../../lib/bootstrap/rootfs/usr/local/lib/ray-cluster/install-nvidia-toolkit.sh"
FAKE="$BATS_TEST_DIRNAME/../support/fake-program.sh"

setup() {
  export FAKE_CALLS="$BATS_TEST_TMPDIR/calls" FAKE_ANSWERS="$BATS_TEST_TMPDIR/answers"
  export TOOLKIT_KEYRING="$BATS_TEST_TMPDIR/key.gpg" TOOLKIT_LIST="$BATS_TEST_TMPDIR/toolkit.list"
  export APT_FOLDER="$BATS_TEST_TMPDIR/apt" DOCKER_CONFIGURATION="$BATS_TEST_TMPDIR/daemon.json" LOCK_SECONDS=0
  mkdir "$APT_FOLDER"
  export NVIDIA_DEVICE="$BATS_TEST_TMPDIR/nvidiactl" DOCKER_READY_SECONDS=2
  BIN="$BATS_TEST_TMPDIR/bin"
  mkdir "$BIN" "$FAKE_ANSWERS"
  : >"$FAKE_CALLS"
  : >"$NVIDIA_DEVICE"
  ln -s "$(command -v bash)" "$BIN/bash"
  ln -s "$(command -v grep)" "$BIN/grep"
  ln -s "$(command -v rm)" "$BIN/rm"
  fake sleep '*|0|'
  fake id '-u|0|0'
  fake docker 'info*|0|runc' 'info*|0|runc\nnvidia'
  fake apt-get '*|0|'
  has_key C95B321B61E88C1809C4F759DDCAE044F796ECB0
  fake systemctl '*|0|'
  fake curl '*gpgkey|0|KEY' '*.list|0|deb https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /'
}

# has_key <fingerprint>...: what gpg finds in the key that is fetched.
has_key() {
  local keys
  keys="$(printf 'pub:-:4096:1:X:::::::scESC\\nfpr:::::::::%s:\\nsub:-:4096:1:Y:\\nfpr:::::::::00FF:\\n' "$@")"
  fake gpg "*--show-keys*|0|$keys" '*|0|'
}

# fake <program> <answer>...
fake() {
  ln -sf "$FAKE" "$BIN/$1"
  printf '%s\n' "${@:2}" >"$FAKE_ANSWERS/$1"
}

install_toolkit() {
  PATH="$BIN" run bash "$SCRIPT"
}

calls() {
  grep -c -- "^$1" "$FAKE_CALLS" || true
}

@test "install-nvidia-toolkit.sh with the runtime present does nothing" {
  fake docker 'info*|0|runc\nnvidia'
  install_toolkit
  [ "$status" -eq 0 ]
  [ "$(grep -vc '^docker info' "$FAKE_CALLS")" -eq 0 ]
}

@test "install-nvidia-toolkit.sh installs the signed packages, registers the runtime and restarts the engine, in this order" {
  # After the installation the tool is there; before it, it is not. The stand-in is a link: it goes first.
  rm "$BIN/apt-get"
  cat >"$BIN/apt-get" <<APT
#!$BIN/bash
printf 'apt-get %s\n' "\$*" >>"$FAKE_CALLS"
if [[ "\$*" == *nvidia-container-toolkit* ]]; then
  $(command -v ln) -s "$FAKE" "$BIN/nvidia-ctk"
  echo '*|0|' >"$FAKE_ANSWERS/nvidia-ctk"
fi
APT
  chmod +x "$BIN/apt-get"
  install_toolkit
  [ "$status" -eq 0 ]
  [[ "$output" == *"the engine has the runtime 'nvidia'"* ]]
  [ "$(cat "$TOOLKIT_LIST")" = \
    "deb [signed-by=$TOOLKIT_KEYRING] https://nvidia.github.io/libnvidia-container/stable/deb/\$(ARCH) /" ]
  run grep -En '^(gpg .*--dearmor|apt-get install.*nvidia-container-toolkit|nvidia-ctk runtime configure --runtime=docker|systemctl restart docker)' "$FAKE_CALLS"
  [ "${#lines[@]}" -eq 4 ]
  [[ "${lines[0]}" == *gpg* && "${lines[1]}" == *apt-get* && "${lines[2]}" == *nvidia-ctk* && "${lines[3]}" == *restart* ]]
}

@test "install-nvidia-toolkit.sh trusts no other key, nor one beside NVIDIA's" {
  for keys in 0000 "C95B321B61E88C1809C4F759DDCAE044F796ECB0 0000" ""; do
    # shellcheck disable=SC2086 # several
    has_key $keys
    fake docker 'info*|0|runc'
    install_toolkit
    [ "$status" -ne 0 ]
    [[ "$output" == *"not NVIDIA's C95B321B61E88C1809C4F759DDCAE044F796ECB0"* ]]
    [ ! -e "$TOOLKIT_KEYRING" ]
    [ ! -e "$TOOLKIT_LIST" ]
    [ "$(calls 'apt-get install.*nvidia-container-toolkit')" -eq 0 ]
  done
}

# A machine of the other family, on which dnf has installed the toolkit when it is asked to.
has_dnf() {
  export TOOLKIT_RPM_LIST="$BATS_TEST_TMPDIR/toolkit.repo"
  rm "$BIN/apt-get"
  cat >"$BIN/dnf" <<DNF
#!$BIN/bash
printf 'dnf %s\n' "\$*" >>"$FAKE_CALLS"
$(command -v ln) -s "$FAKE" "$BIN/nvidia-ctk"
echo '*|0|' >"$FAKE_ANSWERS/nvidia-ctk"
DNF
  chmod +x "$BIN/dnf"
}

@test "install-nvidia-toolkit.sh with dnf installs the signed packages" {
  has_dnf
  fake curl '*gpgkey|0|KEY' '*.repo|0|[nvidia-container-toolkit]\nrepo_gpgcheck=1\ngpgkey=https://nvidia.github.io/libnvidia-container/gpgkey'
  install_toolkit
  [ "$status" -eq 0 ]
  grep -qx "dnf install -y -q nvidia-container-toolkit" "$FAKE_CALLS"
  grep -qx "gpgkey=https://nvidia.github.io/libnvidia-container/gpgkey" "$TOOLKIT_RPM_LIST"
}

@test "install-nvidia-toolkit.sh with dnf and a package list without signatures fails" {
  has_dnf
  fake curl '*gpgkey|0|KEY' '*.repo|0|[nvidia-container-toolkit]\nrepo_gpgcheck=0'
  install_toolkit
  [ "$status" -eq 1 ]
  [[ "$output" == *"does not require signatures"* ]]
  [ "$(calls dnf)" -eq 0 ]
}

@test "install-nvidia-toolkit.sh with the toolkit installed only registers it" {
  fake nvidia-ctk '*|0|'
  install_toolkit
  [ "$status" -eq 0 ]
  [ "$(calls apt-get)" -eq 0 ]
  [ "$(calls 'nvidia-ctk runtime configure')" -eq 1 ]
}

@test "install-nvidia-toolkit.sh without the driver fails" {
  rm "$NVIDIA_DEVICE"
  install_toolkit
  [ "$status" -eq 1 ]
  [[ "$output" == *"install NVIDIA's driver first"* ]]
  [ "$(calls apt-get)" -eq 0 ]
}

@test "install-nvidia-toolkit.sh as another user than root fails" {
  fake id '-u|0|1000'
  install_toolkit
  [ "$status" -eq 1 ]
  [ "$(calls apt-get)" -eq 0 ]
}

@test "install-nvidia-toolkit.sh with a key that cannot be fetched trusts nothing and fails" {
  fake curl '*|22|The requested URL returned error: 404'
  install_toolkit
  [ "$status" -eq 1 ]
  [[ "$output" == *"gpgkey"* ]]
  [ ! -e "$TOOLKIT_LIST" ]
  [ "$(calls 'apt-get install.*nvidia')" -eq 0 ]
}

@test "install-nvidia-toolkit.sh with an engine that does not take the runtime fails" {
  fake docker 'info*|0|runc'
  fake nvidia-ctk '*|0|'
  install_toolkit
  [ "$status" -eq 1 ]
  [[ "$output" == *"does not have the runtime after 2 s"* ]]
}

@test "install-nvidia-toolkit.sh on a host that has the repository adds no second list" {
  mkdir "$APT_FOLDER/sources.list.d"
  for name in lambda.list cuda.sources; do
    : >"$FAKE_CALLS"
    echo 'deb [signed-by=/etc/other.gpg] https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /' \
      >"$APT_FOLDER/sources.list.d/$name"
    install_toolkit
    [[ "$output" == *"has NVIDIA's repository already"* ]]
    [ ! -e "$TOOLKIT_LIST" ]
    [ ! -e "$TOOLKIT_KEYRING" ]
    [ "$(calls curl)" -eq 0 ]
    rm "$APT_FOLDER/sources.list.d/$name"
  done
}

# gpg that writes its output.
fake_key() {
  rm "$BIN/gpg"
  cat >"$BIN/gpg" <<GPG
#!$BIN/bash
if [[ "\$*" == *--show-keys* ]]; then
  printf 'pub:\n%s\n' fpr:::::::::C95B321B61E88C1809C4F759DDCAE044F796ECB0:
  exit
fi
while [ "\$1" != --output ]; do shift; done
echo key >"\$2"
GPG
  chmod +x "$BIN/gpg"
}

@test "install-nvidia-toolkit.sh that fails keeps a key that was there before" {
  fake_key
  echo theirs >"$TOOLKIT_KEYRING"
  fake apt-get 'update*|0|' 'update*|100|E: The list of sources could not be read.' 'install*|0|'
  install_toolkit
  [ "$status" -eq 1 ]
  [ ! -e "$TOOLKIT_LIST" ]
  [ "$(cat "$TOOLKIT_KEYRING")" = theirs ]
}

@test "install-nvidia-toolkit.sh with a list that breaks apt takes it back and says the cause" {
  # As gpg would.
  fake_key
  fake apt-get 'update*|0|' 'update*|100|Reading package lists...\nE: Conflicting values set for option Signed-By\nE: The list of sources could not be read.\n\nhint: see above' 'install*|0|'
  install_toolkit
  [ "$status" -eq 1 ]
  [[ "$output" == *"apt-get update failed: E: The list of sources could not be read."* ]]
  [ ! -e "$TOOLKIT_LIST" ]
  [ ! -e "$TOOLKIT_KEYRING" ]
}

@test "install-nvidia-toolkit.sh with an engine that does not take the runtime restores its configuration" {
  fake docker 'info*|0|runc'
  echo '{"data-root": "/data"}' >"$DOCKER_CONFIGURATION"
  cat >"$BIN/nvidia-ctk" <<CTK
#!$BIN/bash
echo '{"runtimes": {}}' >"$DOCKER_CONFIGURATION"
CTK
  chmod +x "$BIN/nvidia-ctk"
  install_toolkit
  [ "$status" -eq 1 ]
  [ "$(cat "$DOCKER_CONFIGURATION")" = '{"data-root": "/data"}' ]
  [ "$(calls 'systemctl restart docker')" -eq 2 ]
}

@test "install-nvidia-toolkit.sh waits for the lock of another program" {
  export LOCK_SECONDS=60
  fake apt-get 'update*|100|E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)' 'update*|0|' 'install*|0|'
  install_toolkit
  [[ "$output" != *"Could not get lock"* ]]
  [ "$(calls sleep)" -ge 1 ]
}

@test "install-nvidia-toolkit.sh with yum alone installs the signed packages" {
  has_dnf
  mv "$BIN/dnf" "$BIN/yum"
  fake curl '*gpgkey|0|KEY' '*.repo|0|[nvidia-container-toolkit]\nrepo_gpgcheck=1'
  install_toolkit
  [ "$status" -eq 0 ]
  [ -s "$TOOLKIT_RPM_LIST" ]
}
