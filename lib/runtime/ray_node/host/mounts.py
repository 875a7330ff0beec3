"""Which file system a path is on: to tell a share from the machine's own disk, and a share that is gone."""

import contextlib
import json
import os
from dataclasses import dataclass, field

from ray_node.host import json_input

_MOUNTS = "/proc/self/mountinfo"
#: In the container's own layer: a restarted container finds it, one that is created again does not.
MEMORY = "/var/tmp/ray-cluster-mounts.json"
#: Docker mounts it from the disk on which it keeps containers.
_OF_DOCKER = "/etc/hostname"
_OWN_DISK = ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay")


@dataclass(frozen=True)
class FileSystem:
    """E.g. `nfs4` of `10.0.0.5:/export`, `ext4` of `/dev/sda2`."""

    kind: str
    source: str
    point: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.kind} of {self.source}"


def find(path: str, mounts: str = _MOUNTS) -> FileSystem | None:
    """`None` where it cannot be read."""
    best, found = "", None
    real = os.path.realpath(path)
    try:
        with open(mounts, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
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
            best, found = point, FileSystem(kind[0], kind[1], point)
    return found


def describe(path: str, mounts: str = _MOUNTS) -> str:
    """In words."""
    found = find(path, mounts)
    return "an unknown file system" if found is None else str(found)


def remembered(memory: str) -> dict[str, list[str]]:
    """Kind and source of each mount point that `lost` was asked about in this container."""
    with contextlib.suppress(OSError, ValueError):
        known = json_input.object_of(json_input.read_file(memory))
        return {point: said for point, said in known.items() if _is_file_system(said)}
    return {}


def _is_file_system(said: object) -> bool:
    return isinstance(said, list) and len(said) == 2 and all(isinstance(part, str) for part in said)


def lost(path: str, memory: str, mounts: str = _MOUNTS) -> str | None:
    """Why `path` is no longer what it was when this container started before; `None`: it is.

    Docker starts containers after a reboot without waiting for mounts: a folder that was a share is then an
    empty folder of the machine's disk. Renamed disks and shares are no loss.
    """
    now = find(path, mounts)
    if now is None:
        return None
    known = remembered(memory)
    before = FileSystem(*known.get(now.point, (now.kind, now.source)))
    is_same = before == now or now.kind not in _OWN_DISK
    if is_same or (before.kind in _OWN_DISK and now != find(_OF_DOCKER, mounts)):
        with contextlib.suppress(OSError), open(memory, "w", encoding="utf-8") as file:
            json.dump({**known, now.point: [now.kind, now.source]}, file)
        return None
    return f"{now.point} is {now} now, it was {before}: it is not mounted on the host"
