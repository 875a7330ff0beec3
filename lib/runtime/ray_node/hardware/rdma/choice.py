"""Which adapters and which GID the collectives use here. Pure. Nothing usable is a failure, never TCP."""

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ray_node.hardware.rdma.sysfs import ETHERNET, INFINIBAND, RdmaPort

INFINIBAND_FABRIC = "infiniband"
ROCE_FABRIC = "roce"
#: Two ports in two subnets are a fabric and something else; from this many on they are rails.
_RAILS = 3


@dataclass(frozen=True)
class RdmaChoice:
    """`devices` and `gid_index` are what NCCL_IB_HCA and NCCL_IB_GID_INDEX get."""

    ports: tuple[str, ...]
    #: RoCE only; `None` there: it differs between the adapters, and NCCL finds it (2.21 and newer).
    gid_index: int | None
    #: Why there is no choice; `None`: there is one.
    problem: str | None = None
    fix: str = ""
    warnings: tuple[str, ...] = ()
    #: Active ports, as fast as those that are used, that are not used, each with the reason.
    unused: tuple[str, ...] = ()
    #: Gb/s of one port, the fastest of those that are used; `None`: no port says it.
    gigabits: int | None = None

    @property
    def devices(self) -> str:
        """`=`: these names exactly, not what begins like them."""
        return "=" + ",".join(self.ports)


def choose(fabric: str, ports: Sequence[RdmaPort], subnet: str, named: str | None = None) -> RdmaChoice:
    """The adapters of a declared fabric.

    `subnet` is the cluster network. `named` is a declared NCCL_IB_HCA: adapters that it leaves out are not
    looked at. Slower adapters than the fastest one are another network: management or storage.
    """
    wanted = INFINIBAND if fabric == INFINIBAND_FABRIC else ETHERNET
    if not ports:
        return _none(
            "no RDMA adapter in /sys/class/infiniband",
            "load the driver on the host (mlx5_ib), or declare the fabric that is there: 'tcp' by name",
        )
    considered = [port for port in ports if named is None or _is_named(port, named)]
    if not considered:
        return _none(
            f"NCCL_IB_HCA={named} names none of {_names(ports)}", "name adapters of every node, or none"
        )
    fitting = [port for port in considered if port.link_layer == wanted]
    if not fitting:
        layers = ", ".join(f"{port.name} is {port.link_layer}" for port in considered)
        other = ROCE_FABRIC if fabric == INFINIBAND_FABRIC else INFINIBAND_FABRIC
        return _none(
            f"no adapter with link layer {wanted}: {layers}",
            f"declare the fabric '{other}', or switch the link type",
        )
    active = [port for port in fitting if port.active]
    down = [f"{port.name} is {port.state}, {port.physical}" for port in fitting if not port.active]
    if not active:
        return _none(f"no port is ACTIVE: {'; '.join(down)}", _link_fix(fitting))
    fastest = max(port.gigabits or 0 for port in active)
    # A port that does not say its rate is taken for one of the fabric.
    fast = [port for port in active if named is not None or port.gigabits in (None, fastest)]
    slow = [f"{port.name} has {port.gigabits} of {fastest} Gb/s" for port in active if port not in fast]
    warnings = tuple(f"not used: {text}" for text in (*down, *slow))
    if fabric == INFINIBAND_FABRIC:
        return _infiniband(fast, warnings, named is not None)
    return _roce(fast, subnet, warnings)


def _infiniband(fast: Sequence[RdmaPort], warnings: tuple[str, ...], is_named: bool) -> RdmaChoice:
    """Ports of one subnet, unless they are named; of several with one port each all: rails of one fabric."""
    subnets: dict[str | None, list[RdmaPort]] = defaultdict(list)
    for port in fast:
        subnets[port.subnet_prefix].append(port)
    if is_named or len(subnets) == len(fast) >= _RAILS:
        return _chosen(fast, None, warnings)
    # The first of the largest, so that equal nodes choose equally.
    used = max(subnets.values(), key=len)
    unused = tuple(
        f"{port.name} is in subnet {port.subnet_prefix}, {used[0].name} in {used[0].subnet_prefix}"
        for port in fast
        if port not in used
    )
    return _chosen(used, None, warnings, unused)


def _roce(fast: Sequence[RdmaPort], subnet: str, warnings: tuple[str, ...]) -> RdmaChoice:
    """All with a GID that is routed; one index for all of them where there is one."""
    used = [port for port in fast if port.roce_v2]
    if not used:
        return _none(
            f"no RoCE v2 GID over IPv4 on {_names(fast)}",
            "give the adapters' interfaces IPv4 addresses, and set the RoCE mode to v2 (cma_roce_mode)",
        )
    unused = tuple(f"{port.name} has no RoCE v2 GID over IPv4" for port in fast if port not in used)
    index = _common_index(used, ipaddress.IPv4Network(subnet))
    return _chosen(used, index, warnings, unused)


def _chosen(
    used: Sequence[RdmaPort], index: int | None, warnings: tuple[str, ...], unused: tuple[str, ...] = ()
) -> RdmaChoice:
    names = tuple(port.name for port in used)
    rate = max((port.gigabits for port in used if port.gigabits is not None), default=None)
    return RdmaChoice(names, index, warnings=warnings, unused=unused, gigabits=rate)


def _common_index(ports: Sequence[RdmaPort], network: ipaddress.IPv4Network) -> int | None:
    """That of the cluster's interface before others; `None`: no index is that of all."""
    counted = Counter(index for port in ports for index in port.roce_v2)
    common = sorted(index for index, count in counted.items() if count == len(ports))
    on_network = [
        index
        for index in common
        if any(ipaddress.IPv4Address(port.roce_v2[index]) in network for port in ports)
    ]
    return next(iter((*on_network, *common)), None)


def _is_named(port: RdmaPort, named: str) -> bool:
    """As NCCL reads NCCL_IB_HCA: `^` excludes, `=` takes names exactly and not what begins like them."""
    excludes, text = named.startswith("^"), named.removeprefix("^")
    exactly, text = text.startswith("="), text.removeprefix("=")
    found = any(_matches(port, item.strip(), exactly) for item in text.split(",") if item.strip())
    return found != excludes


def _matches(port: RdmaPort, item: str, exactly: bool) -> bool:
    adapter, _, number = item.partition(":")
    same = port.adapter == adapter if exactly else port.adapter.startswith(adapter)
    return same and number in ("", str(port.port))


def _names(ports: Sequence[RdmaPort]) -> str:
    return ", ".join(port.name for port in ports)


def _link_fix(ports: Sequence[RdmaPort]) -> str:
    """What the states usually mean."""
    if any(port.state == "INIT" for port in ports):
        return "INIT: no subnet manager answers; start opensm or look at the switch's"
    if any(port.physical == "Polling" for port in ports):
        return "Polling: no peer on the cable; look at cable and switch port"
    return "look at ibstat, the cables and the switch ports"


def _none(problem: str, fix: str) -> RdmaChoice:
    return RdmaChoice((), None, problem, fix)
