"""Where a process and everything below it listens, as the kernel says (/proc)."""

import contextlib
import os
import socket
import struct

from ray_node.host import processes

_LISTEN = "0A"


def of_group(pid: int) -> list[str]:
    """`address:port` of each TCP socket that `pid`, or a process below it, listens on."""
    found: set[tuple[int, str]] = set()
    for member in (pid, *processes.descendants(pid)):
        inodes = _sockets(member)
        if inodes:
            for family, name in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
                found |= _listening(member, family, name, inodes)
    return [where for _, where in sorted(found)]


def _sockets(pid: int) -> set[str]:
    """Inodes of the process's sockets; empty for a process that has ended or is another user's."""
    folder = f"/proc/{pid}/fd"
    inodes = set()
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                target = os.readlink(f"{folder}/{name}")
                if target.startswith("socket:["):
                    inodes.add(target[len("socket:[") : -1])
    return inodes


def _listening(pid: int, family: socket.AddressFamily, name: str, inodes: set[str]) -> set[tuple[int, str]]:
    found = set()
    with contextlib.suppress(OSError), open(f"/proc/{pid}/net/{name}", encoding="ascii") as file:
        for line in file.readlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and fields[9] in inodes:
                port, address = read_address(fields[1], family)
                found.add((port, f"[{address}]:{port}" if family == socket.AF_INET6 else f"{address}:{port}"))
    return found


def read_address(text: str, family: socket.AddressFamily) -> tuple[int, str]:
    """(port, address) of the kernel's `0100007F:1F90`: words of the host's byte order, then the port."""
    address, _, port = text.partition(":")
    words = [int(address[start : start + 8], 16) for start in range(0, len(address), 8)]
    return int(port, 16), socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))
