"""The node's own IPv4 address on the cluster network, and the interface that carries it.

The kernel is asked directly (SIOCGIFCONF): engine images often have no `ip` command.
"""

import array
import fcntl
import ipaddress
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ray_node.host.failure import NodeFailed

_SIOCGIFCONF = 0x8912
# struct ifreq: 16 bytes of name, then a sockaddr whose IPv4 address lies 4 bytes in (linux/if.h, 64 bit).
_IFREQ_BYTES = 40
_ADDRESS_AT = 20


@dataclass(frozen=True)
class LocalAddress:
    """An IPv4 address of this machine (of this network namespace)."""

    interface: str
    address: str

    def __str__(self) -> str:
        return f"{self.address} ({self.interface})"


def local_addresses() -> list[LocalAddress]:
    """Every IPv4 address of every interface that is up, secondary ones too."""
    size = 64 * _IFREQ_BYTES
    while True:
        buffer = array.array("B", bytes(size))
        pointer, _ = buffer.buffer_info()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            answer = fcntl.ioctl(probe.fileno(), _SIOCGIFCONF, struct.pack("iL", size, pointer))
        used = struct.unpack("iL", answer)[0]
        if used < size:
            break
        size *= 2
    raw = buffer.tobytes()[:used]
    found = []
    for start in range(0, used, _IFREQ_BYTES):
        # An alias is called `eth0:1`; the interface that carries it is `eth0`.
        name = raw[start : start + 16].split(b"\0", 1)[0].decode().split(":", 1)[0]
        found.append(LocalAddress(name, socket.inet_ntoa(raw[start + _ADDRESS_AT : start + _ADDRESS_AT + 4])))
    return found


def own_address(planned: str | None, subnet: str, local: Sequence[LocalAddress]) -> LocalAddress:
    """The address that Ray, the engine and the collectives all use.

    Raises NodeFailed when `planned` is not local, or when without a planned address zero or several
    addresses lie on the subnet.
    """
    here = ", ".join(str(item) for item in local) or "none"
    on_subnet = [
        item for item in local if ipaddress.IPv4Address(item.address) in ipaddress.IPv4Network(subnet)
    ]
    if planned is not None:
        for item in local:
            if item.address == planned:
                return item
        raise NodeFailed(f"address {planned} is not on this machine; local IPv4 addresses: {here}")
    if len(on_subnet) == 1:
        return on_subnet[0]
    if not on_subnet:
        raise NodeFailed(f"no address of this machine lies on {subnet}; local IPv4 addresses: {here}")
    several = ", ".join(str(item) for item in on_subnet)
    raise NodeFailed(
        f"{len(on_subnet)} addresses of this machine lie on {subnet}, which one is not decided: {several}"
    )
