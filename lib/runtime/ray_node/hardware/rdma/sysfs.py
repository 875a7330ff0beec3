"""The RDMA adapters that sysfs shows: state of the ports, and their GIDs. No tool of the image is needed."""

import ipaddress
import os
import re
from dataclasses import dataclass

SYSFS = "/sys"
_ADAPTERS = "class/infiniband"

INFINIBAND = "InfiniBand"
ETHERNET = "Ethernet"
_ROCE_V2 = "RoCE v2"


@dataclass(frozen=True)
class RdmaPort:
    adapter: str
    port: int
    #: `ACTIVE`, `DOWN`, `INIT`, ...
    state: str
    #: `LinkUp`, `Polling`, `Disabled`, ...
    physical: str
    link_layer: str
    #: The IPv4 address of each GID of RoCE v2, by index: what is routed between nodes.
    roce_v2: dict[int, str]
    #: Gb/s; `None`: the port does not say it.
    gigabits: int | None = None
    #: The first half of an InfiniBand port's GID 0, which its subnet manager sets.
    subnet_prefix: str | None = None

    @property
    def name(self) -> str:
        """As NCCL_IB_HCA takes it."""
        return f"{self.adapter}:{self.port}"

    @property
    def active(self) -> bool:
        return self.state == "ACTIVE" and self.physical == "LinkUp"


def ports(sysfs: str = SYSFS) -> tuple[RdmaPort, ...]:
    """Every port of every adapter, in order of their names."""
    folder = os.path.join(sysfs, _ADAPTERS)
    found = []
    for adapter in sorted(_entries(folder), key=_natural):
        for port in sorted(_entries(os.path.join(folder, adapter, "ports")), key=_natural):
            if port.isdigit():
                found.append(_port(os.path.join(folder, adapter, "ports", port), adapter, int(port)))
    return tuple(found)


def _port(folder: str, adapter: str, port: int) -> RdmaPort:
    return RdmaPort(
        adapter=adapter,
        port=port,
        state=_value(folder, "state"),
        physical=_value(folder, "phys_state"),
        link_layer=_read(os.path.join(folder, "link_layer")) or "?",
        roce_v2=_roce_v2(folder),
        gigabits=_gigabits(_read(os.path.join(folder, "rate"))),
        subnet_prefix=_subnet_prefix(_read(os.path.join(folder, "gids", "0"))),
    )


def _gigabits(text: str | None) -> int | None:
    """`400 Gb/sec (4X NDR)`, `2.5 Gb/sec (1X SDR)`."""
    found = re.match(r"(\d+)(?:\.\d+)? Gb/sec", text or "")
    return int(found.group(1)) if found else None


def _subnet_prefix(gid: str | None) -> str | None:
    return ":".join(gid.split(":")[:4]) if gid is not None and gid.count(":") == 7 else None


def _roce_v2(folder: str) -> dict[int, str]:
    found = {}
    for index in _entries(os.path.join(folder, "gids")):
        address = _mapped(_read(os.path.join(folder, "gids", index)))
        # Reading the type of an entry that is not used gives an error.
        if address is not None and _read(os.path.join(folder, "gid_attrs", "types", index)) == _ROCE_V2:
            found[int(index)] = address
    return found


def _mapped(gid: str | None) -> str | None:
    """The IPv4 address of a GID that is one (`::ffff:10.0.0.1`)."""
    try:
        mapped = ipaddress.IPv6Address(gid or "").ipv4_mapped
    except ValueError:
        return None
    return None if mapped is None else str(mapped)


def _value(folder: str, name: str) -> str:
    """`4: ACTIVE` is `ACTIVE`."""
    text = _read(os.path.join(folder, name)) or "?"
    return text.partition(":")[2].strip() or text


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().strip() or None
    except OSError:
        return None


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _natural(name: str) -> tuple[str, int]:
    """`mlx5_2` before `mlx5_10`."""
    digits = len(name) - len(name.rstrip("0123456789"))
    return (name, 0) if digits == 0 else (name[:-digits], int(name[-digits:]))
