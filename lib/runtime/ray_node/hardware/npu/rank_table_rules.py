"""Rules of HCCL that a finished rank table must satisfy."""

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any

#: HCCL takes names no longer than this.
SERVER_ID_LENGTH = 64
_WHOLE = re.compile(r"(0|[1-9][0-9]*)")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where, and the remedy."""

    path: str
    got: str
    must: str
    fix: str

    def __str__(self) -> str:
        return f"{self.path}: got {self.got}, but must {self.must}"


def problems_of(value: object) -> list[Problem]:
    listed = value.get("server_list") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(listed, list) or not listed:
        return [
            _problem("server_list", value, "be a list of at least one server", "write one entry a server")
        ]
    servers = [server for server in listed if isinstance(server, dict)]
    problems = _head(value, servers)
    for index, server in enumerate(servers):
        problems.extend(_server(server, f"server_list[{index}]"))
    return [*problems, *_order(servers), *_duplicates(servers), *_ranks(servers), *_pods(value, servers)]


def _head(table: dict[str, Any], servers: list[dict[str, Any]]) -> list[Problem]:
    problems = []
    if table.get("status") != "completed":
        fix = "HCCL takes nothing else for usable"
        problems.append(_problem("status", table.get("status"), "be 'completed'", fix))
    if table.get("version") not in ("1.0", "1.2"):
        must = "be '1.0' or '1.2'"
        problems.append(_problem("version", table.get("version"), must, "1.2 is for A3 super pods"))
    count = table.get("server_count")
    if count != str(len(servers)) and not (table.get("version") == "1.2" and count is None):
        must = f"be the text '{len(servers)}', the number of servers"
        problems.append(_problem("server_count", count, must, "correct it"))
    return problems


def _server(server: dict[str, Any], path: str) -> list[Problem]:
    problems = []
    name, host = server.get("server_id"), server.get("host_ip")
    if not isinstance(name, str) or not 1 <= len(name) <= SERVER_ID_LENGTH:
        must = f"be text of 1 to {SERVER_ID_LENGTH} characters"
        problems.append(_problem(f"{path}.server_id", name, must, "use the node's address"))
    if host is not None and not _is_address(host, (4,)):
        problems.append(_problem(f"{path}.host_ip", host, "be an IPv4 address", "use the node's address"))
    devices = _devices(server)
    if not devices:
        problems.append(
            _problem(f"{path}.device", server.get("device"), "be a list of devices", "list the NPUs")
        )
    for at, device in enumerate(devices):
        problems.extend(_device(device, f"{path}.device[{at}]"))
    return problems


def _device(device: dict[str, Any], path: str) -> list[Problem]:
    problems = []
    for key in ("device_id", "rank_id"):
        found = device.get(key)
        if not isinstance(found, str) or not _WHOLE.fullmatch(found):
            must = "be a whole number from 0, as text"
            problems.append(_problem(f"{path}.{key}", found, must, "correct it"))
    for key in ("device_ip", "backup_device_ip"):
        found = device.get(key)
        if found is not None and not _is_address(found, (4, 6)):
            fix = "take it from hccn_tool -ip -g"
            problems.append(_problem(f"{path}.{key}", found, "be an IPv4 or IPv6 address", fix))
    for key in ("device_port", "backup_device_port", "host_port"):
        found = device.get(key)
        if found is not None and not _is_port(found):
            must = "be a port from 1024 to 65535, as text"
            problems.append(_problem(f"{path}.{key}", found, must, "leave it out"))
    return problems


def _order(servers: list[dict[str, Any]]) -> list[Problem]:
    ids = [str(server.get("server_id")) for server in servers]
    for index, (here, wanted) in enumerate(zip(ids, sorted(ids), strict=True)):
        if here != wanted:
            must = f"come in the order of the ids as strings, where '{wanted}' comes here"
            fix = (
                "order the nodes so, or give them addresses of equal length: "
                "as strings '10.0.0.10' comes before '10.0.0.9'"
            )
            return [_problem(f"server_list[{index}].server_id", here, must, fix)]
    return []


def _duplicates(servers: list[dict[str, Any]]) -> list[Problem]:
    problems: list[Problem] = []
    seen: dict[tuple[str, str], str] = {}

    def take(kind: str, found: object, path: str) -> None:
        key = (kind, str(found))
        other = seen.setdefault(key, path)
        if found is not None and other != path:
            must = f"be unique, {other} has it too"
            problems.append(_problem(path, found, must, "correct one of the two"))

    for index, server in enumerate(servers):
        take("server", server.get("server_id"), f"server_list[{index}].server_id")
        for at, device in enumerate(_devices(server)):
            path = f"server_list[{index}].device[{at}]"
            take(f"device of {index}", device.get("device_id"), f"{path}.device_id")
            take("ip", device.get("device_ip"), f"{path}.device_ip")
            take(f"port of {index}", device.get("host_port"), f"{path}.host_port")
            take("rank", device.get("rank_id"), f"{path}.rank_id")
    return problems


def _ranks(servers: list[dict[str, Any]]) -> list[Problem]:
    """Ranks cover 0 to N-1, and those of one server lie together."""
    ranks = [[_number(device.get("rank_id")) for device in _devices(server)] for server in servers]
    every = sorted(rank for own in ranks for rank in own)
    for index, rank in enumerate(every):
        if rank != index:
            shown = "ranks " + ", ".join(map(str, every))
            must = f"be 0 to {len(every) - 1} without a gap, {index} is missing"
            return [_problem("server_list", shown, must, "number them anew")]
    return [
        _problem(
            f"server_list[{index}].device",
            "ranks " + ", ".join(map(str, own)),
            "lie together: ranks of two servers must not interleave",
            "number the devices server by server",
        )
        for index, own in enumerate(ranks)
        if own and max(own) - min(own) != len(own) - 1
    ]


def _pods(table: dict[str, Any], servers: list[dict[str, Any]]) -> list[Problem]:
    listed = table.get("super_pod_list")
    if table.get("version") != "1.2":
        if listed is None:
            return []
        must = "not be there with version 1.0"
        return [_problem("super_pod_list", listed, must, "use version 1.2")]
    if not isinstance(listed, list) or not listed:
        must = "list the super pods with version 1.2"
        return [_problem("super_pod_list", listed, must, "add it, or use 1.0")]
    pods = [pod for pod in listed if isinstance(pod, dict)]
    members = [
        [str(server.get("server_id")) for server in pod.get("server_list") or () if isinstance(server, dict)]
        for pod in pods
    ]
    named = [name for pod in members for name in pod]
    ids = [str(server.get("server_id")) for server in servers]
    fix = "put the servers of a pod together"
    problems = []
    if named != ids:
        must = f"hold every server once, pod by pod, in the order of server_list: {', '.join(ids)}"
        problems.append(_problem("super_pod_list", ", ".join(named), must, fix))
    pod_ids = [str(pod.get("super_pod_id")) for pod in pods]
    if len(set(pod_ids)) < len(pods):
        problems.append(_problem("super_pod_list", ", ".join(pod_ids), "have unique ids", fix))
    return [*problems, *_super_devices(servers, members)]


def _super_devices(servers: list[dict[str, Any]], members: list[list[str]]) -> list[Problem]:
    """An SDID is unique in its super pod; it may come again in another."""
    problems = []
    seen: dict[tuple[int, str], str] = {}
    for index, server in enumerate(servers):
        name = str(server.get("server_id"))
        pod = next((at for at, pod_members in enumerate(members) if name in pod_members), -1)
        for at, device in enumerate(_devices(server)):
            path = f"server_list[{index}].device[{at}]"
            found = device.get("super_device_id")
            if not isinstance(found, str) or not found:
                must = "be text with version 1.2"
                problems.append(_problem(f"{path}.super_device_id", found, must, "take the SDID of npu-smi"))
                continue
            other = seen.setdefault((pod, found), path)
            if other != path:
                must = f"be unique in its super pod, {other} has it too"
                fix = "correct the Server Index of one of the servers"
                problems.append(_problem(f"{path}.super_device_id", found, must, fix))
            elif len(members) > 1 and device.get("device_ip") is None:
                must = "be given with several super pods"
                problems.append(_problem(f"{path}.device_ip", None, must, "take it from hccn_tool"))
    return problems


def _devices(server: dict[str, Any]) -> list[dict[str, Any]]:
    listed = server.get("device")
    return [device for device in listed if isinstance(device, dict)] if isinstance(listed, list) else []


def _is_address(value: object, versions: tuple[int, ...]) -> bool:
    try:
        return isinstance(value, str) and ipaddress.ip_address(value).version in versions
    except ValueError:
        return False


def _is_port(value: object) -> bool:
    return isinstance(value, str) and bool(_WHOLE.fullmatch(value)) and 1024 <= int(value) <= 65535


def _number(value: object) -> int:
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else -1


def _problem(path: str, got: object, must: str, fix: str) -> Problem:
    shown = "nothing" if got is None else f"'{got}'" if isinstance(got, str) else json.dumps(got, default=str)
    return Problem(path, shown if len(shown) <= 80 else shown[:77] + "...", must, fix)
