"""Who listens where on this machine, as the kernel says (/proc)."""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ray_node.host import processes

_LISTEN = "0A"


@dataclass(frozen=True, order=True)
class Listener:
    """A TCP socket that listens."""

    port: int
    address: str
    inode: str

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def of_group(pid: int) -> list[str]:
    """`address:port` of each TCP socket that `pid`, or a process below it, listens on."""
    found: set[Listener] = set()
    for member in (pid, *processes.descendants(pid)):
        inodes = _sockets(member)
        found |= {listener for listener in _listeners(member) if listener.inode in inodes}
    return list(dict.fromkeys(str(listener) for listener in sorted(found)))


def holder(port: int) -> str:
    """The process that listens on the port; processes of other containers cannot be seen from here."""
    inodes = {listener.inode for listener in _listeners(os.getpid()) if listener.port == port}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and inodes & _sockets(int(entry)):
            with contextlib.suppress(OSError), open(f"/proc/{entry}/comm", encoding="utf-8") as file:
                return f"'{file.read().strip()}' (pid {entry})"
    return (
        "a program outside this container, perhaps another cluster's; "
        f"on the machine: ss -ltnp 'sport = :{port}', docker ps"
    )


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


def _listeners(pid: int) -> Iterator[Listener]:
    """All of the network namespace that the process is in."""
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/net/{name}", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN:
                    yield Listener(*read_address(fields[1], family), fields[9])


def read_address(text: str, family: socket.AddressFamily) -> tuple[int, str]:
    """(port, address) of the kernel's `0100007F:1F90`: words of the host's byte order, then the port."""
    address, _, port = text.partition(":")
    words = [int(address[start : start + 8], 16) for start in range(0, len(address), 8)]
    return int(port, 16), socket.inet_ntop(family, struct.pack(f"={len(words)}I", *words))
