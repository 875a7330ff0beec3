#!/bin/sh
# Sets this simulated machine's clock some seconds off; 0 sets it right.
#
#   set-clock.sh LIBRARY SECONDS
#
# The kernel's clock is that of the machine that tests run on. So a library that is loaded first (shifted_clock.c) tells programs
# another time: those of everybody who logs in from now on, by PAM's environment, and all of every container that starts from
# now on, by the list of such libraries that clock_runc.py puts there.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
clock=/etc/machine-clock
runc=$(command -v runc)

main() {
  if [ ! -e "$runc.real" ]; then
    mv "$runc" "$runc.real"
    install -m 755 "$here/clock_runc.py" "$runc"
  fi
  rm -rf "$clock"
  : >/etc/environment
  if [ "$2" -ne 0 ]; then
    mkdir "$clock"
    cp "$1" "$clock/shifted_clock.so"
    echo "$2" >"$clock/seconds"
    echo "$clock/shifted_clock.so" >"$clock/ld.so.preload"
    echo "LD_PRELOAD=$clock/shifted_clock.so" >/etc/environment
  fi
}

main "$@"
