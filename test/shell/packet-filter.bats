#!/usr/bin/env bats
# The real nftables between network namespaces: a machine with the filter, a member of the cluster, and a stranger, all
# on one network.

SCRIPT="$BATS_TEST_DIRNAME/../../lib/bootstrap/rootfs/usr/local/lib/ray-cluster/packet-filter.sh"
FACTS=(
  "cluster a-1" "version 1" "member 10.77.0.1" "member 10.77.0.2" "member 10.77.0.2/32" "ssh 10022"
  "port 6379 cluster" "port 10002-10999 cluster" "port 8000 users"
)

setup() {
  local name
  command -v nft >/dev/null || skip "no nft"
  ip netns add "$(space switch)" 2>/dev/null || skip "no network namespaces"
  export FILTER_FOLDER="$BATS_TEST_TMPDIR/filter" UNIT_FOLDER="$BATS_TEST_TMPDIR/units"
  export SYSTEMD_RUN_FOLDER="$BATS_TEST_TMPDIR/none"
  mkdir "$UNIT_FOLDER"
  in_space switch ip link add bridge0 type bridge
  in_space switch ip link set bridge0 up
  for name in machine member stranger; do
    ip netns add "$(space "$name")"
    in_space switch ip link add "$name" type veth peer name eth0 netns "$(space "$name")"
    in_space switch ip link set "$name" up master bridge0
    in_space "$name" ip link set lo up
    in_space "$name" ip link set eth0 up
  done
  in_space machine ip address add 10.77.0.1/24 dev eth0
  in_space machine ip address add fd77::1/64 dev eth0 nodad
  in_space member ip address add 10.77.0.2/24 dev eth0
  in_space stranger ip address add 10.77.0.3/24 dev eth0
  in_space stranger ip address add fd77::3/64 dev eth0 nodad
  in_space machine python3 "$BATS_TEST_DIRNAME/../support/echo_server.py" \
    6379 8000 9999 10022 10500 >"$BATS_TEST_TMPDIR/ready" 3>&- &
  until [ -s "$BATS_TEST_TMPDIR/ready" ]; do sleep 0.05; done
}

teardown() {
  local name
  # The shell that has started it is another process.
  ip netns pids "$(space machine)" 2>/dev/null | xargs --no-run-if-empty kill
  for name in machine member stranger switch; do
    ip netns delete "$(space "$name")" 2>/dev/null || true
  done
}

space() { printf 'filter-%s-%s' "$$" "$1"; }
in_space() { ip netns exec "$(space "$1")" "${@:2}"; }

# filter <line>...: runs the script on the machine.
filter() { printf '%s\n' "$@" | in_space machine bash "$SCRIPT"; }

# open_to <who> <address>: all ports of the machine that answer, in one line.
open_to() {
  in_space "$1" python3 "$BATS_TEST_DIRNAME/../support/echo_client.py" "$2" 6379 8000 9999 10022 10500
}

@test "without a filter everybody reaches everything" {
  [ "$(open_to stranger 10.77.0.1)" = "6379 8000 9999 10022 10500" ]
}

@test "a stranger reaches only users' ports, ssh and what is not the cluster's; a member and the machine itself, all" {
  filter "action apply" "${FACTS[@]}"
  [ "$(open_to stranger 10.77.0.1)" = "8000 9999 10022" ]
  [ "$(open_to stranger fd77::1)" = "8000 9999 10022" ]
  [ "$(open_to member 10.77.0.1)" = "6379 8000 9999 10022 10500" ]
  [ "$(open_to machine 10.77.0.1)" = "6379 8000 9999 10022 10500" ]
}

@test "users' ports are closed to all but named clients" {
  filter "action apply" "${FACTS[@]}" "client 10.99.0.0/16"
  [ "$(open_to stranger 10.77.0.1)" = "9999 10022" ]
  filter "action apply" "${FACTS[@]}" "client 10.77.0.3"
  [ "$(open_to stranger 10.77.0.1)" = "8000 9999 10022" ]
  [ "$(open_to member 10.77.0.1)" = "6379 8000 9999 10022 10500" ]
}

@test "a connection that was open stays open" {
  coproc CLIENT { in_space stranger python3 "$BATS_TEST_DIRNAME/../support/echo_client.py" 10.77.0.1 6379 --stay; }
  read -r -t 5 -u "${CLIENT[0]}" said
  [ "$said" = open ]
  filter "action apply" "${FACTS[@]}"
  echo again >&"${CLIENT[1]}"
  read -r -t 5 -u "${CLIENT[0]}" said
  [ "$said" = again ]
}

@test "rules of others stay; the last filter leaves nothing" {
  in_space machine nft 'table inet other { chain input { type filter hook input priority 5; tcp dport 9999 drop; }; }'
  before="$(in_space machine nft list ruleset)"
  filter "action apply" "${FACTS[@]}"
  filter "action apply" "${FACTS[@]}"
  filter "action apply" "${FACTS[@]/#cluster a-1/cluster b}"
  [ "$(open_to stranger 10.77.0.1)" = "8000 10022" ]
  [ "$(in_space machine nft list tables | wc -l)" -eq 3 ]
  filter "action remove" "cluster b" "version 1"
  [ "$(in_space machine nft list tables | wc -l)" -eq 2 ]
  filter "action remove" "cluster a-1" "version 1"
  [ "$(in_space machine nft list ruleset)" = "$before" ]
  [ ! -e "$FILTER_FOLDER" ]
}

@test "a filter that was renewed is not removed with the older one, and one that is gone is no error" {
  filter "action apply" "${FACTS[@]/#version 1/version 2}"
  filter "action remove" "cluster a-1" "version 1"
  [ "$(open_to stranger 10.77.0.1)" = "8000 9999 10022" ]
  in_space machine nft flush ruleset
  filter "action remove" "cluster a-1" "version 2"
  [ ! -e "$FILTER_FOLDER" ]
}

@test "what is no address, port or name is refused, and the present filter stays" {
  filter "action apply" "${FACTS[@]}"
  for line in "member 10.0.0.1; flush ruleset" "member ::1" "port x cluster" "cluster A" "client all" "ssh -1" "version a;b"; do
    run filter "action apply" "${FACTS[@]}" "$line"
    [ "$status" -ne 0 ]
    [[ "$output" == *"is not what a rule can hold"* ]]
  done
  run filter "action apply" "cluster a-1" "version 3" "port 1 cluster"
  [[ "$output" == *"no member is named"* ]]
  [ "$(open_to stranger 10.77.0.1)" = "8000 9999 10022" ]
}

@test "with systemd it is restored when the machine starts, before Docker" {
  mkdir -p "$SYSTEMD_RUN_FOLDER" "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\necho "$*" >>%s/systemctl\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/bin/systemctl"
  chmod +x "$BATS_TEST_TMPDIR/bin/systemctl"
  PATH="$BATS_TEST_TMPDIR/bin:$PATH" filter "action apply" "${FACTS[@]}"
  unit="$UNIT_FOLDER/ray-cluster-filter@.service"
  grep -q "^Before=docker.service$" "$unit"
  grep -q "^ExecStart=/usr/bin/env nft --file $FILTER_FOLDER/%i.nft$" "$unit"
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/systemctl")" = "enable --quiet ray-cluster-filter@a-1.service" ]
  in_space machine nft flush ruleset
  in_space machine nft --file "$FILTER_FOLDER/a-1.nft"
  [ "$(open_to stranger 10.77.0.1)" = "8000 9999 10022" ]
  PATH="$BATS_TEST_TMPDIR/bin:$PATH" filter "action remove" "cluster a-1" "version 1"
  [ ! -e "$unit" ]
}
