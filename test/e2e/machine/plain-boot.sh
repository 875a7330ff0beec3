#!/bin/sh
# Boots a machine without systemd: a Docker engine and sshd, and nothing else. Sixteen systemds would use up the
# kernel's inotify instances, of which one user has 128.
#
#   plain-boot.sh [MACHINE]
#
# /disks is one volume for all machines, and each engine keeps its data in a folder of its own there. With MACHINE the
# engine begins with that machine's images: their layers are read-only, so hard links are as good as copies.
set -eu

main() {
  data=/disks/$(hostname)
  mkdir -p "$data" /run/sshd
  if [ "$#" -eq 1 ]; then
    cp -a "/disks/$1/image" "$data/"
    cp -al "/disks/$1/overlay2" "$data/"
  fi
  dockerd --data-root "$data" >/var/log/dockerd.log 2>&1 &
  exec /usr/sbin/sshd -D -E /var/log/sshd.log
}

main "$@"
