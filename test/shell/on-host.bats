#!/usr/bin/env bats
# shellcheck disable=SC2016 # scripts for another shell
# ssh is replaced by a program that runs its command on this machine, in a login shell.

HOSTS="$BATS_TEST_DIRNAME/../../lib/docker/hosts"

setup() {
  export CALLS="$BATS_TEST_TMPDIR/calls" HOME="$BATS_TEST_TMPDIR/home"
  mkdir -p "$BATS_TEST_TMPDIR/bin" "$HOME"
  cat >"$BATS_TEST_TMPDIR/bin/ssh" <<'SSH'
#!/bin/bash
printf '[%s]' "${@:1:$#-1}" >>"$CALLS"
printf '\n' >>"$CALLS"
[ -z "${BANNER:-}" ] || printf '%s' "$BANNER"
if [ -n "${SSH_FAILS:-}" ]; then
  echo 'ssh: connect to host gone port 22: No route to host' >&2
  exit 255
fi
exec sh -c "${*: -1}"
SSH
  chmod +x "$BATS_TEST_TMPDIR/bin/ssh"
  PATH="$BATS_TEST_TMPDIR/bin:$PATH"
  export IF_GONE='If it is gone, write that.' SOURCE_IF_GONE='If atlas-0 is gone, write that.'
  export HOST='npu-1 on atlas-1' SSH_ARGUMENTS=$'-o\nProxyCommand=ssh -W %h:%p jump\n--\natlas-1'
  SCRIPT="$BATS_TEST_TMPDIR/script.sh"
}

# script: reads the text of the remote script from standard input.
script() {
  cat >"$SCRIPT"
}

@test "on-host runs the script with the facts and prints its output" {
  script <<<'while read -r key value; do echo "$key=$value"; done'
  FACTS=$'device /dev/x y\nport 1-2' run sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "$status" -eq 0 ]
  [ "${lines[0]}" = 'device=/dev/x y' ]
  [ "${lines[1]}" = 'port=1-2' ]
  [[ "${lines[2]}" =~ ^clock=[0-9]+$ ]]
}

@test "on-host passes each line of SSH_ARGUMENTS as one argument" {
  script <<<'true'
  FACTS='' run sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "$(cat "$CALLS")" = '[-o][ProxyCommand=ssh -W %h:%p jump][--][atlas-1]' ]
}

@test "on-host does not execute facts" {
  script <<<'while read -r key value; do echo "$key=$value"; done'
  FACTS='x $(touch '"$BATS_TEST_TMPDIR"'/touched) `id` * "'"'" run sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "${lines[0]}" = 'x=$(touch '"$BATS_TEST_TMPDIR"'/touched) `id` * "'"'" ]
  [ ! -e "$BATS_TEST_TMPDIR/touched" ]
}

@test "on-host exits with the status of the script" {
  script <<<'exit 7'
  FACTS='' run sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "$status" -eq 7 ]
}

@test "on-host names a machine that cannot be reached" {
  script <<<'true'
  FACTS='' SSH_FAILS=1 run sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "$status" -eq 255 ]
  [[ "$output" == *"No route to host"*"npu-1 on atlas-1: cannot be reached over ssh; its message is above. If it is gone, write that." ]]
}

@test "on-host prints findings with the machine and counts passed checks" {
  script <<<'printf "ok a b\nok c d\nproblem device /dev/x is missing\nwarning clock off\n"; exit 1'
  FACTS='' FINDINGS=1 run sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'npu-1 on atlas-1: 2 checks passed' ]
  [ "${lines[1]}" = 'npu-1 on atlas-1: problem: device: /dev/x is missing' ]
  [ "${lines[2]}" = 'npu-1 on atlas-1: warning: clock: off' ]
  [ "${#lines[@]}" -eq 3 ]
}

@test "on-host with findings, a login shell and errors full of escapes passes none to the terminal" {
  script <<'REMOTE'
printf 'ok x y\nproblem port \033]0;owned\007\033[2Jall is well\r\302\2332J\n'
printf 'bash: \033[31mred\n' >&2
exit 1
REMOTE
  FACTS='' FINDINGS=1 BANNER=$'\033[2JWelcome\007\n' run sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "$status" -eq 1 ]
  [[ "$output" == *"npu-1 on atlas-1: problem: port: ]0;owned[2Jall is well2J"* ]]
  [[ "$output" == *"prints '[2JWelcome' for every command"* ]]
  [[ "$output" == *"bash: [31mred"* ]]
  [ "$(printf '%s' "$output" | LC_ALL=C tr -d '\n\t -\176' | wc -c)" -eq 0 ]
}

@test "on-host of a machine that prints without an end ends, and is no success" {
  script <<<'head -c 20000000 /dev/zero | tr "\0" x; exit 3'
  FACTS='' run sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "${#output}" -lt 5000000 ]
  [ "$status" -ne 0 ]
}

@test "on-host creates a private folder for shared connections" {
  script <<<'true'
  FACTS='' sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "$(stat -c %a "$HOME/.ssh")" = 700 ]
}

@test "share-token copies the token without arguments and environment" {
  mkdir "$BATS_TEST_TMPDIR/hosts"
  cp "$HOSTS"/*.sh "$BATS_TEST_TMPDIR/hosts"
  cat >"$BATS_TEST_TMPDIR/hosts/cluster-token.sh" <<'REMOTE'
while read -r key value; do
  case "$key" in
    action) action="$value" ;;
    token) token="$value" ;;
  esac
done
if [ "$action" = print ]; then
  printf 'dead%.0s' {1..16}
else
  echo "took ${#token}"
  tr '\0' ' ' </proc/self/environ | grep -c deaddead
fi
REMOTE
  SOURCE='npu-0' SOURCE_SSH_ARGUMENTS=$'--\natlas-0' SOURCE_FACTS='action print' FACTS='action take' \
    run sh "$BATS_TEST_TMPDIR/hosts/share-token.sh"
  [ "${lines[0]}" = 'took 64' ]
  [ "${lines[1]}" = 0 ]
  [ "$(cat "$CALLS")" = $'[--][atlas-0]\n[-o][ProxyCommand=ssh -W %h:%p jump][--][atlas-1]' ]
}

@test "on-host with a login shell that prints passes the script's output alone" {
  script <<<'echo result; printf "last line"'
  FACTS='' BANNER=$'Welcome to the machine\nok a b\nAgent pid 59' run sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "$status" -eq 0 ]
  [ "$output" = $'result\nlast line' ]
}

@test "on-host with findings and a login shell that prints reports the shell" {
  script <<<'printf "ok a b\nok c d\n"'
  FACTS='' FINDINGS=1 BANNER=$'Welcome: to: the machine\nok x y\n' run sh "$HOSTS/on-host.sh" "$SCRIPT"
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'npu-1 on atlas-1: 2 checks passed' ]
  [[ "${lines[1]}" == "npu-1 on atlas-1: problem: shell: its login shell prints 'Welcome: to: the machine'"* ]]
  [ "${#lines[@]}" -eq 2 ]
}

@test "share-token names the machine with the token that cannot be reached" {
  SSH_FAILS=1 SOURCE='npu-0' SOURCE_SSH_ARGUMENTS=$'--\natlas-0' SOURCE_FACTS='action print' FACTS='action take' \
    run sh "$HOSTS/share-token.sh"
  [ "$status" -ne 0 ]
  [[ "$output" == *"npu-0: cannot be reached over ssh; its message is above. If atlas-0 is gone, write that."* ]]
}

@test "share-token with a login shell that prints copies the token alone" {
  mkdir "$BATS_TEST_TMPDIR/hosts"
  cp "$HOSTS"/*.sh "$BATS_TEST_TMPDIR/hosts"
  cat >"$BATS_TEST_TMPDIR/hosts/cluster-token.sh" <<'REMOTE'
while read -r key value; do
  [ "$key $value" != 'action print' ] || { printf 'beef%.0s' {1..16}; exit; }
  [ "$key" != token ] || echo "took $value"
done
REMOTE
  BANNER=$'Last login\ntoken 00\n' SOURCE='npu-0' SOURCE_SSH_ARGUMENTS=$'--\natlas-0' SOURCE_FACTS='action print' \
    FACTS='action take' run sh "$BATS_TEST_TMPDIR/hosts/share-token.sh"
  [ "$status" -eq 0 ]
  [ "$output" = "took $(printf 'beef%.0s' {1..16})" ]
}

@test "share-token whose connection ends in the middle of the token stores nothing" {
  mkdir "$BATS_TEST_TMPDIR/hosts"
  cp "$HOSTS"/*.sh "$HOSTS/../../bootstrap/rootfs/usr/local/lib/ray-cluster/cluster-token.sh" "$BATS_TEST_TMPDIR/hosts"
  printf '#!/bin/sh\ncase "$*" in *ray-token.new*) cat >"%s/stored" ;; *) printf "%s" ;; esac\n' \
    "$BATS_TEST_TMPDIR" "$(printf 'beef%.0s' {1..16})" >"$BATS_TEST_TMPDIR/bin/docker"
  # The second connection, which takes the token, ends before the last bytes have passed.
  cat >"$BATS_TEST_TMPDIR/bin/ssh" <<'SSH'
#!/bin/bash
case "$*" in
  *atlas-0*) exec sh -c "${*: -1}" ;;
  *) head -c "-$CUT" | sh -c "${*: -1}" ;;
esac
SSH
  chmod +x "$BATS_TEST_TMPDIR/bin"/*
  for CUT in 1 2 40 64; do
    export CUT
    SOURCE='npu-0' SOURCE_SSH_ARGUMENTS=$'--\natlas-0' SOURCE_FACTS='action print' \
      FACTS=$'action take\nvolume c1\nimage i' run sh "$BATS_TEST_TMPDIR/hosts/share-token.sh"
    [ "$status" -ne 0 ]
    [[ "$output" == *"not a token"* ]]
    [ ! -e "$BATS_TEST_TMPDIR/stored" ]
  done
}

@test "share-token with something that is no token copies nothing" {
  mkdir "$BATS_TEST_TMPDIR/hosts"
  cp "$HOSTS"/*.sh "$BATS_TEST_TMPDIR/hosts"
  echo 'echo Welcome' >"$BATS_TEST_TMPDIR/hosts/cluster-token.sh"
  SOURCE='npu-0' SOURCE_SSH_ARGUMENTS=$'--\natlas-0' SOURCE_FACTS='action print' FACTS='action take' \
    run sh "$BATS_TEST_TMPDIR/hosts/share-token.sh"
  [ "$status" -eq 1 ]
  [ "$output" = 'npu-0: what it printed is not a token (7 characters); nothing was copied' ]
  [ "$(wc -l <"$CALLS")" -eq 1 ]
}

@test "share-token fails if the other machine has no token" {
  mkdir "$BATS_TEST_TMPDIR/hosts"
  cp "$HOSTS"/*.sh "$BATS_TEST_TMPDIR/hosts"
  echo 'true' >"$BATS_TEST_TMPDIR/hosts/cluster-token.sh"
  SOURCE='npu-0' SOURCE_SSH_ARGUMENTS=$'--\natlas-0' SOURCE_FACTS='action print' FACTS='action take' \
    run sh "$BATS_TEST_TMPDIR/hosts/share-token.sh"
  [ "$status" -eq 1 ]
  [[ "$output" == *"npu-0 has no token"* ]]
}
