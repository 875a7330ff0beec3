"""HCCL's rank table: made by the head, the same file on every node.

Its form is documented in mirror-cann/hccl
`docs/zh/user_guide/cluster_info_config/rank_table_config_{a2,a3,300i_duo}.md`.
"""

import hashlib
import ipaddress
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ray_node.hardware.npu.rank_table_rules import SERVER_ID_LENGTH, Problem, problems_of

VERSION_PLAIN = "1.0"
VERSION_SUPER_POD = "1.2"


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


class BadRankTable(Exception):
    """No table can be made of this. `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(str(problem) for problem in problems))


def text(given: TableInput) -> str:
    """The file. Raises BadRankTable."""
    problems = input_problems(given)
    if problems:
        raise BadRankTable(problems)
    return json.dumps(_build(given), indent=2, ensure_ascii=False) + "\n"


def checksum(table: str) -> str:
    """SHA-256 of the file's bytes, which every node compares."""
    return hashlib.sha256(table.encode()).hexdigest()


def write(path: str, table: str) -> None:
    """Put the file at `path` in one step: a reader sees the old table or the new one. Raises OSError."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    draft = f"{path}.{os.getpid()}.new"
    with open(draft, "w", encoding="utf-8", newline="") as file:
        file.write(table)
    # HCCL reads it as whoever runs the engine; nothing in it is secret.
    os.chmod(draft, 0o644)
    os.replace(draft, path)


def checksum_of(path: str) -> str | None:
    """Checksum of the file that lies at `path`; `None`: it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


def input_problems(given: TableInput) -> list[Problem]:
    """Everything that is wrong with what a table is to be made of."""
    if not given.servers:
        return [Problem("servers", "none", "be at least one", "name the nodes with NPUs")]
    problems: list[Problem] = []
    for index, server in enumerate(given.servers):
        problems.extend(_server_problems(given.version, server, f"servers[{index}]"))
    for index, server in enumerate(given.servers):
        problems.extend(_device_problems(given, server, f"servers[{index}]"))
    return problems or problems_of(_build(given))


def _build(given: TableInput) -> dict[str, Any]:
    rank = 0
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
            devices.append({**item, "rank_id": str(rank)})
            rank += 1
        servers.append({**entry, "device": devices})
    table: dict[str, Any] = {
        "status": "completed",
        "version": given.version,
        "server_count": str(len(servers)),
        "server_list": servers,
    }
    if given.version == VERSION_SUPER_POD:
        pods = list(dict.fromkeys(server.super_pod_id for server in given.servers))
        table["super_pod_list"] = [
            {
                "super_pod_id": pod,
                "server_list": [
                    {"server_id": server.id} for server in given.servers if server.super_pod_id == pod
                ],
            }
            for pod in pods
        ]
    return table


def _server_problems(version: str, server: TableServer, path: str) -> list[Problem]:
    problems = []
    if not 1 <= len(server.id) <= SERVER_ID_LENGTH:
        must = f"have 1 to {SERVER_ID_LENGTH} characters"
        problems.append(Problem(f"{path}.id", repr(server.id), must, "use the node's address"))
    if server.host_ip is not None and not _is_address(server.host_ip, (4,)):
        fix = "use the node's address on the cluster network"
        problems.append(Problem(f"{path}.hostIp", repr(server.host_ip), "be an IPv4 address", fix))
    if version == VERSION_SUPER_POD and not server.super_pod_id:
        must = "be given: version 1.2 lists the servers of each super pod"
        fix = "take 'Super Pod ID' of npu-smi info -t spod-info, or version 1.0"
        problems.append(Problem(f"{path}.superPodId", "nothing", must, fix))
    if version == VERSION_PLAIN and server.super_pod_id is not None:
        must = "not be given: version 1.0 knows no super pods"
        fix = "use version 1.2, or leave it out"
        problems.append(Problem(f"{path}.superPodId", repr(server.super_pod_id), must, fix))
    return problems


def _device_problems(given: TableInput, server: TableServer, path: str) -> list[Problem]:
    if not server.devices:
        return [Problem(f"{path}.devices", "none", "be at least one", "leave out a server without NPUs")]
    several_pods = len({other.super_pod_id for other in given.servers}) > 1
    needs_ip = several_pods or (given.version == VERSION_PLAIN and len(given.servers) > 1)
    problems = []
    for index, device in enumerate(server.devices):
        at = f"{path}.devices[{index}]"
        if device.id != index:
            must = f"be {index}: devices count from 0 without a gap"
            fix = "list them in the order of /dev/davinciN"
            problems.append(Problem(f"{at}.id", str(device.id), must, fix))
        if device.ip is None and needs_ip:
            must = "be given where ranks of several servers or super pods meet"
            fix = "take it from hccn_tool -ip -g or from address_N in /etc/hccn.conf"
            problems.append(Problem(f"{at}.ip", "nothing", must, fix))
        if device.ip is not None and not _is_address(device.ip, (4, 6)):
            must, fix = "be an IPv4 or IPv6 address", "take it from hccn_tool -ip -g"
            problems.append(Problem(f"{at}.ip", repr(device.ip), must, fix))
        if given.version == VERSION_SUPER_POD and not device.super_device_id:
            must = "be given with version 1.2 (HCCL says EI0004 without it)"
            fix = "take 'SDID' of npu-smi info -t spod-info"
            problems.append(Problem(f"{at}.superDeviceId", "nothing", must, fix))
        if given.version == VERSION_PLAIN and device.super_device_id is not None:
            must = "not be given: version 1.0 knows no super pods"
            fix = "use version 1.2, or leave it out"
            problems.append(Problem(f"{at}.superDeviceId", repr(device.super_device_id), must, fix))
    return problems


def _is_address(value: str, versions: tuple[int, ...]) -> bool:
    try:
        return ipaddress.ip_address(value).version in versions
    except ValueError:
        return False
