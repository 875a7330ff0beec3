"""Which adapters and which GID the collectives use here. Pure. Nothing usable is a failure, never TCP."""

import ipaddress
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ray_node.hardware.rdma.sysfs import ETHERNET, INFINIBAND, RdmaPort

INFINIBAND_FABRIC = "infiniband"
ROCE_FABRIC = "roce"


@dataclass(frozen=True)
class RdmaChoice:
    """`devices` and `gid_index` are what NCCL_IB_HCA and NCCL_IB_GID_INDEX get."""

    ports: tuple[str, ...]
    #: RoCE only.
    gid_index: int | None
    #: Why there is no choice; `None`: there is one.
    problem: str | None = None
    fix: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def devices(self) -> str:
        """`=`: these names exactly, not what begins like them."""
        return "=" + ",".join(self.ports)


def choose(fabric: str, ports: Sequence[RdmaPort], subnet: str) -> RdmaChoice:
    """The adapters of a declared fabric; `subnet` is the cluster network."""
    wanted = INFINIBAND if fabric == INFINIBAND_FABRIC else ETHERNET
    if not ports:
        return _none(
            "no RDMA adapter in /sys/class/infiniband",
            "load the driver on the host (mlx5_ib), or declare the fabric that is there: 'tcp' by name",
        )
    fitting = [port for port in ports if port.link_layer == wanted]
    if not fitting:
        layers = ", ".join(f"{port.name} is {port.link_layer}" for port in ports)
        other = ROCE_FABRIC if fabric == INFINIBAND_FABRIC else INFINIBAND_FABRIC
        return _none(
            f"no adapter with link layer {wanted}: {layers}",
            f"declare the fabric '{other}', or switch the link type",
        )
    active = [port for port in fitting if port.active]
    down = [f"{port.name} is {port.state}, {port.physical}" for port in fitting if not port.active]
    if not active:
        return _none(f"no port is ACTIVE: {'; '.join(down)}", _link_fix(fitting))
    warnings = tuple(f"not used: {text}" for text in down)
    if fabric == INFINIBAND_FABRIC:
        return RdmaChoice(tuple(port.name for port in active), None, warnings=warnings)
    return _roce(active, subnet, warnings)


def _roce(active: Sequence[RdmaPort], subnet: str, warnings: tuple[str, ...]) -> RdmaChoice:
    """One index serves all adapters: that of the cluster's interface, else what most of them have."""
    network = ipaddress.IPv4Network(subnet)
    on_network = [
        index
        for port in active
        for index, address in port.roce_v2.items()
        if ipaddress.IPv4Address(address) in network
    ]
    counted = Counter(index for port in active for index in port.roce_v2)
    if not counted:
        return _none(
            f"no RoCE v2 GID over IPv4 on {', '.join(port.name for port in active)}",
            "give the adapters' interfaces IPv4 addresses, and set the RoCE mode to v2 (cma_roce_mode)",
        )
    # The lowest of the most frequent, so that equal nodes choose equally.
    frequent = min(counted, key=lambda index: (-counted[index], index))
    index = min(on_network, key=lambda found: (-counted[found], found)) if on_network else frequent
    used = tuple(port.name for port in active if index in port.roce_v2)
    unused = tuple(
        f"not used: {port.name} has no RoCE v2 GID {index}" for port in active if port.name not in used
    )
    return RdmaChoice(used, index, warnings=(*warnings, *unused))


def _link_fix(ports: Sequence[RdmaPort]) -> str:
    """What the states usually mean."""
    if any(port.state == "INIT" for port in ports):
        return "INIT: no subnet manager answers; start opensm or look at the switch's"
    if any(port.physical == "Polling" for port in ports):
        return "Polling: no peer on the cable; look at cable and switch port"
    return "look at ibstat, the cables and the switch ports"


def _none(problem: str, fix: str) -> RdmaChoice:
    return RdmaChoice((), None, problem, fix)
