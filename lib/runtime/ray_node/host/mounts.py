"""Which file system a path is on, in words: to tell a share from the machine's own disk."""

import os

_MOUNTS = "/proc/self/mountinfo"


def describe(path: str, mounts: str = _MOUNTS) -> str:
    """`nfs4 of 10.0.0.5:/export`, `ext4 of /dev/sda2`; `an unknown file system` where it cannot be read."""
    best, found = "", "an unknown file system"
    real = os.path.realpath(path)
    try:
        with open(mounts, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return found
    for line in lines:
        # man 5 proc: `<id> <parent> <device> <root> <mount point> <options> ... - <type> <source> <options>`.
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or len(kind) < 2:
            continue
        point = fields[4].replace("\\040", " ")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        # A later line with the same mount point lies over the earlier one.
        if inside and len(point) >= len(best):
            best, found = point, f"{kind[0]} of {kind[1]}"
    return found
