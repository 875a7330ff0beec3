"""HCCL's rank table: made by the head, the same file on every node.

Its form is documented in mirror-cann/hccl
`docs/zh/user_guide/cluster_info_config/rank_table_config_{a2,a3,300i_duo}.md`.
"""

import hashlib
import ipaddress
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

VERSION_PLAIN = "1.0"
VERSION_SUPER_POD = "1.2"
#: HCCL takes names no longer than this.
_SERVER_ID_LENGTH = 64


@dataclass(frozen=True)
class TableDevice:
    id: int
    ip: str | None
    super_device_id: str | None = None


@dataclass(frozen=True)
class TableServer:
    id: str
    devices: tuple[TableDevice, ...]
    host_ip: str | None = None
    super_pod_id: str | None = None


@dataclass(frozen=True)
class TableInput:
    version: str
    device_port: int
    servers: tuple[TableServer, ...]

    @property
    def pods(self) -> list[str | None]:
        return list(dict.fromkeys(server.super_pod_id for server in self.servers))


@dataclass(frozen=True)
class Problem:
    """Why no table can be made of an input, where, and the remedy."""

    path: str
    got: object
    must: str
    fix: str

    def __str__(self) -> str:
        got = "none" if self.got is None else f"'{self.got}'" if isinstance(self.got, str) else self.got
        return f"{self.path}: got {got}, but must {self.must}"


class BadRankTable(Exception):
    """No table can be made of this. `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(problem) for problem in problems))


def text(given: TableInput) -> str:
    """The file. Raises BadRankTable."""
    problems = [*_problems(given)] or [*_problems_across(given)]
    if problems:
        raise BadRankTable(problems)
    return json.dumps(_build(given), indent=2, ensure_ascii=False) + "\n"


def checksum(table: str) -> str:
    """SHA-256 of the file's bytes, which every node compares."""
    return hashlib.sha256(table.encode()).hexdigest()


def checksum_of(path: str) -> str | None:
    """Checksum of the file that lies at `path`; `None`: it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


def _build(given: TableInput) -> dict[str, Any]:
    ranks = itertools.count()
    servers = []
    for server in given.servers:
        entry: dict[str, Any] = {"server_id": server.id}
        if server.host_ip is not None:
            entry["host_ip"] = server.host_ip
        devices = []
        for device in server.devices:
            item = {"device_id": str(device.id)}
            if device.super_device_id is not None:
                item["super_device_id"] = device.super_device_id
            if device.ip is not None:
                item.update(device_ip=device.ip, device_port=str(given.device_port))
            devices.append({**item, "rank_id": str(next(ranks))})
        servers.append({**entry, "device": devices})
    table: dict[str, Any] = {
        "status": "completed",
        "version": given.version,
        "server_count": str(len(servers)),
        "server_list": servers,
    }
    if given.version == VERSION_SUPER_POD:
        table["super_pod_list"] = [
            {
                "super_pod_id": pod,
                "server_list": [
                    {"server_id": server.id} for server in given.servers if server.super_pod_id == pod
                ],
            }
            for pod in given.pods
        ]
    return table


def _problems(given: TableInput) -> Iterator[Problem]:
    """What is wrong with one server or device."""
    if not given.servers:
        yield Problem("servers", None, "be at least one", "name the nodes with NPUs")
    for index, server in enumerate(given.servers):
        yield from _problems_of_server(given.version, server, f"servers[{index}]")
    for index, server in enumerate(given.servers):
        yield from _problems_of_devices(given, server, f"servers[{index}]")


def _problems_of_server(version: str, server: TableServer, path: str) -> Iterator[Problem]:
    if not 1 <= len(server.id) <= _SERVER_ID_LENGTH:
        must = f"have 1 to {_SERVER_ID_LENGTH} characters"
        yield Problem(f"{path}.id", server.id, must, "use the node's address")
    if server.host_ip is not None and not _is_address(server.host_ip, (4,)):
        fix = "use the node's address on the cluster network"
        yield Problem(f"{path}.hostIp", server.host_ip, "be an IPv4 address", fix)
    if version == VERSION_SUPER_POD and not server.super_pod_id:
        must = "be given: version 1.2 lists the servers of each super pod"
        fix = "take 'Super Pod ID' of npu-smi info -t spod-info, or version 1.0"
        yield Problem(f"{path}.superPodId", None, must, fix)
    if version == VERSION_PLAIN and server.super_pod_id is not None:
        yield _needs_super_pods(f"{path}.superPodId", server.super_pod_id)


def _problems_of_devices(given: TableInput, server: TableServer, path: str) -> Iterator[Problem]:
    if not server.devices:
        yield Problem(f"{path}.devices", None, "be at least one", "leave out a server without NPUs")
    needs_ip = len(given.pods) > 1 or (given.version == VERSION_PLAIN and len(given.servers) > 1)
    for index, device in enumerate(server.devices):
        at = f"{path}.devices[{index}]"
        if device.id != index:
            must = f"be {index}: devices count from 0 without a gap"
            yield Problem(f"{at}.id", device.id, must, "list them in the order of /dev/davinciN")
        if device.ip is None and needs_ip:
            must = "be given where ranks of several servers or super pods meet"
            fix = "take it from hccn_tool -ip -g or from address_N in /etc/hccn.conf"
            yield Problem(f"{at}.ip", None, must, fix)
        if device.ip is not None and not _is_address(device.ip, (4, 6)):
            must, fix = "be an IPv4 or IPv6 address", "take it from hccn_tool -ip -g"
            yield Problem(f"{at}.ip", device.ip, must, fix)
        if given.version == VERSION_SUPER_POD and not device.super_device_id:
            must = "be given with version 1.2 (HCCL says EI0004 without it)"
            yield Problem(f"{at}.superDeviceId", None, must, "take 'SDID' of npu-smi info -t spod-info")
        if given.version == VERSION_PLAIN and device.super_device_id is not None:
            yield _needs_super_pods(f"{at}.superDeviceId", device.super_device_id)


def _needs_super_pods(path: str, got: str) -> Problem:
    must = "not be given: version 1.0 knows no super pods"
    return Problem(path, got, must, "use version 1.2, or leave it out")


def _problems_across(given: TableInput) -> Iterator[Problem]:
    """What is wrong between servers that are each well."""
    ids = [server.id for server in given.servers]
    for index, (here, wanted) in enumerate(zip(ids, sorted(ids), strict=True)):
        if here != wanted:
            must = f"come in the order of the ids as strings, where '{wanted}' comes here"
            fix = (
                "order the nodes so, or give them addresses of equal length: "
                "as strings '10.0.0.10' comes before '10.0.0.9'"
            )
            yield Problem(f"servers[{index}].id", here, must, fix)
            break
    by_pod = [server.id for pod in given.pods for server in given.servers if server.super_pod_id == pod]
    if by_pod != ids:
        must = f"come pod by pod: {', '.join(by_pod)}"
        yield Problem("servers", ", ".join(ids), must, "put the servers of a super pod together")
    seen: dict[tuple[str | None, ...], str] = {}
    for path, kind, value, fix in _unique_values(given):
        other = seen.setdefault((*kind, value), path)
        if value is not None and other != path:
            yield Problem(path, value, f"be unique{kind[-1]}, {other} has it too", fix)


def _unique_values(given: TableInput) -> Iterator[tuple[str, tuple[str | None, ...], str | None, str]]:
    """Path, kind (the last of it says where it is unique), value, remedy."""
    fix = "correct one of the two"
    for index, server in enumerate(given.servers):
        path = f"servers[{index}]"
        yield f"{path}.id", ("server", ""), server.id, fix
        for at, device in enumerate(server.devices):
            yield f"{path}.devices[{at}].ip", ("ip", ""), device.ip, fix
            # It may come again in another super pod.
            kind = ("SDID", server.super_pod_id, " in its super pod")
            fix_id = "correct the Server Index of one of the servers"
            yield f"{path}.devices[{at}].superDeviceId", kind, device.super_device_id, fix_id


def _is_address(value: str, versions: tuple[int, ...]) -> bool:
    try:
        return ipaddress.ip_address(value).version in versions
    except ValueError:
        return False
