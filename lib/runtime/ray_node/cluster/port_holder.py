"""Ray's ports on a machine that others use, too: who has taken one, in words."""

import contextlib
import os
import socket
from collections.abc import Iterator

from ray_node.config.schema import NodeConfig
from ray_node.host import listening, probe

_LISTEN = "0A"


def taken(config: NodeConfig, address: str) -> str | None:
    """Why Ray cannot start here, or `None`. The first port that another program has."""
    ports = config.ports
    needed = [
        ("the node manager", ports.node_manager),
        ("the object manager", ports.object_manager),
        ("the agent of runtime environments", ports.runtime_env_agent),
    ]
    if config.is_head:
        needed.insert(0, ("Ray's control store", ports.gcs))
    for purpose, port in needed:
        if not probe.is_free(address, port):
            return f"port {port} of {purpose} is in use on this machine by {holder(port)}"
    return None


def holder(port: int) -> str:
    """The process that listens on the port; processes of other containers cannot be seen from here."""
    inodes = set(_listening_inodes(port))
    for entry in os.listdir("/proc"):
        if entry.isdigit() and inodes & _socket_inodes(entry):
            with contextlib.suppress(OSError), open(f"/proc/{entry}/comm", encoding="utf-8") as file:
                return f"'{file.read().strip()}' (pid {entry})"
    return (
        "a program outside this container, perhaps another cluster's; "
        f"on the machine: ss -ltnp 'sport = :{port}', docker ps"
    )


def _listening_inodes(port: int) -> Iterator[str]:
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        with contextlib.suppress(OSError), open(f"/proc/net/{name}", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and listening.read_address(fields[1], family)[0] == port:
                    yield fields[9]


def _socket_inodes(pid: str) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink(f"/proc/{pid}/fd/{name}")
                if target.startswith("socket:["):
                    found.add(target[len("socket:[") : -1])
    return found
