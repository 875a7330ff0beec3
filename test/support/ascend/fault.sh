#!/bin/sh
# Breaks a simulated Ascend machine and repairs it. N is a device number or '*'.
# usage: fault.sh ROOT add KIND N [VALUE] | fault.sh ROOT clear
#   link N DOWN            the link is down
#   health N Fault         net_health answers Fault (or Init)
#   ip N none              the device has no address, neither IPv4 nor IPv6
#   ipv4 N none            the device has an IPv6 address only
#   vnic N none            a3: no vNIC
#   address N 192.0.2.7    the device has another address
#   loss N ADDRESS         pings of device N to ADDRESS lose every packet ('*': to everybody)
#   tls N 1                the TLS switch is on
#   tls N none             no certificate found
#   lldp N none            no neighbour
#   netdetect N none       no address to detect the network by
#   gateway N none         no gateway
#   missing N              the driver does not know the device
#   spod N 7               another Super Pod ID
#   held *                 another container has the devices: npu-smi answers -8020
#   process N 37709 NAME   a process holds 37709 MB of the device; without NAME: one of another container
#   condition N Critical   npu-smi calls the device's health so (OK, Warning, Alarm, Critical)
#   busy N                 hccn_tool is busy
set -eu

main() {
  state=${1%/}/usr/local/Ascend/driver/fake
  case $2 in
    clear) : > "$state/faults" ;;
    add) shift 2; echo "$@" >> "$state/faults" ;;
    *) echo "fault.sh: 'add' or 'clear', not '$2'" >&2; exit 2 ;;
  esac
}

main "$@"
