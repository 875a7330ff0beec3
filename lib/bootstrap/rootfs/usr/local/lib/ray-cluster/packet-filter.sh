#!/usr/bin/env bash
# Closes the ports of a cluster on this machine to everybody but its members: a table of nftables of its own, so that the
# rules of others stay as they are. It looks at the first packet of a TCP connection only, and only at these ports: other
# traffic, open connections and connection tracking are not touched. A unit restores it when the machine starts, and when
# nftables.service is reloaded, which empties all tables.
#
# Input, one item per line:
#
#   action <apply|remove>
#   cluster <name>
#   version <word>            of these lines; `remove` leaves a filter of another version alone
#   member <address or CIDR>  may reach every port below
#   port <first[-last]> <cluster|users>
#   client <CIDR>             may reach the ports of users, besides the members; without one, everybody may
#   ssh <port>                never closed, whatever the ports below say
#
#   FILTER_FOLDER       rules and versions                            (/etc/ray-cluster/filter)
#   UNIT_FOLDER         units of systemd                              (/etc/systemd/system)
#   SYSTEMD_RUN_FOLDER  exists where systemd is the init system       (/run/systemd/system)
set -euo pipefail

readonly FOLDER="${FILTER_FOLDER:-/etc/ray-cluster/filter}"
readonly UNITS="${UNIT_FOLDER:-/etc/systemd/system}"
readonly SYSTEMD_FOLDER="${SYSTEMD_RUN_FOLDER:-/run/systemd/system}"
readonly UNIT=ray-cluster-filter

action="" cluster="" version="" ssh_port=""
members=() closed=() shown=() clients=()

main() {
  # Only root changes packet filters. The script itself is an argument where it came over ssh.
  if [ "$(id -u)" -ne 0 ]; then
    [ -n "${BASH_EXECUTION_STRING:-}" ] || fatal "only root can change it"
    sudo -n true 2>/dev/null ||
      fatal "only root can change it: let $(id -un) use sudo without a password, or declare another packetFilter"
    exec sudo -n bash -c "$BASH_EXECUTION_STRING" packet-filter
  fi
  read_input
  command -v nft >/dev/null || [ "$action" = remove ] ||
    fatal "nft is missing: \`npx cdktf-ray-cluster prepare-hosts\` installs the package nftables"
  case "$action" in
    apply) apply ;;
    remove) remove ;;
    *) fatal "unknown action '$action'" ;;
  esac
}

fatal() {
  printf 'packet filter: %s\n' "$*" >&2
  exit 1
}

read_input() {
  local key value whom
  while read -r key value whom; do
    case "$key" in
      action) action="$value" ;;
      cluster) cluster="$(form "$value" '^[a-z0-9][a-z0-9-]*$')" ;;
      version) version="$(form "$value" '^[0-9a-z]+$')" ;;
      ssh) ssh_port="$(form "$value" '^[0-9]+$')" ;;
      member) members+=("$(form "$value" '^[0-9.]+(/[0-9]+)?$')") ;;
      client) clients+=("$(form "$value" '^[0-9.]+(/[0-9]+)?$')") ;;
      port)
        value="$(form "$value" '^[0-9]+(-[0-9]+)?$')"
        if [ "$whom" = users ]; then shown+=("$value"); else closed+=("$value"); fi
        ;;
    esac
  done
  [ -n "$cluster" ] || fatal "no cluster is named"
}

# The value, which becomes part of a rule, if it has the form of one.
form() {
  [[ "$1" =~ $2 ]] || fatal "'$1' is not what a rule can hold"
  printf '%s' "$1"
}

apply() {
  [ "${#members[@]}" -gt 0 ] || fatal "no member is named"
  mkdir -p "$FOLDER"
  (umask 077 && rules >"$FOLDER/$cluster.nft.new")
  nft --check --file "$FOLDER/$cluster.nft.new" || fatal "nft refuses the rules of '$cluster'"
  mv "$FOLDER/$cluster.nft.new" "$FOLDER/$cluster.nft"
  # One transaction: there is no moment without a filter.
  nft --file "$FOLDER/$cluster.nft"
  printf '%s\n' "$version" >"$FOLDER/$cluster.version"
  keep
  printf "packet filter: the ports of '%s' are closed to all but %s\n" "$cluster" "$(list "${members[@]}")"
}

remove() {
  if [ -n "$version" ] && [ -f "$FOLDER/$cluster.version" ] && [ "$(cat "$FOLDER/$cluster.version")" != "$version" ]; then
    printf "packet filter: that of '%s' was renewed and stays\n" "$cluster"
    return
  fi
  if [ -d "$SYSTEMD_FOLDER" ] && [ -f "$UNITS/$UNIT@.service" ]; then
    systemctl disable --quiet "$UNIT@$cluster.service" || true
  fi
  # A table that is not there cannot be deleted.
  if command -v nft >/dev/null && nft list table inet "$(table)" >/dev/null 2>&1; then
    nft delete table inet "$(table)"
  fi
  rm -f "$FOLDER/$cluster.nft" "$FOLDER/$cluster.version"
  # The last one leaves nothing behind.
  if [ -z "$(find "$FOLDER" -name '*.nft' 2>/dev/null)" ]; then
    rm -f "$UNITS/$UNIT@.service"
    rmdir "$FOLDER" 2>/dev/null || true
  fi
  printf "packet filter: that of '%s' is removed\n" "$cluster"
}

table() { printf 'ray_cluster_%s' "${cluster//-/_}"; }

list() { local IFS=','; printf '%s' "$*"; }

rules() {
  local first='tcp flags & (fin | syn | rst | ack) == syn'
  cat <<RULES
table inet $(table)
delete table inet $(table)
table inet $(table) {
  set members { type ipv4_addr; flags interval; auto-merge; elements = { $(list "${members[@]}") }; }
  chain input {
    type filter hook input priority filter; policy accept;
    iif "lo" accept
    $([ -z "$ssh_port" ] || echo "tcp dport $ssh_port accept")
    ip saddr @members accept
    $([ "${#closed[@]}" -eq 0 ] || echo "$first tcp dport { $(list "${closed[@]}") } counter drop")
    $([ "${#shown[@]}" -eq 0 ] || [ "${#clients[@]}" -eq 0 ] || users "$first")
  }
}
RULES
}

users() {
  printf '%s tcp dport { %s } ip saddr { %s } accept\n' "$1" "$(list "${shown[@]}")" "$(list "${clients[@]}")"
  printf '    %s tcp dport { %s } counter drop\n' "$1" "$(list "${shown[@]}")"
}

# Restored when the machine starts, before Docker starts containers.
keep() {
  [ -d "$SYSTEMD_FOLDER" ] || return 0
  cat >"$UNITS/$UNIT@.service" <<UNIT
[Unit]
Description=Packet filter of the Ray cluster %i
After=nftables.service
Before=docker.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/env nft --file $FOLDER/%i.nft
ExecReload=/usr/bin/env nft --file $FOLDER/%i.nft
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_NETLINK AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable --quiet "$UNIT@$cluster.service"
}

main "$@"
