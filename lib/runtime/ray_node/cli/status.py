"""`ray_node status`: the state of this node. Its exit code is the container's health check."""

import json
from typing import Any

from ray_node.agent import state
from ray_node.config.schema import NodeConfig
from ray_node.host import address, clock, table
from ray_node.host.failure import NodeFailed


def run(config: NodeConfig, as_json: bool) -> int:
    """Print the state. Returns 0 if the node is healthy, else 1."""
    try:
        name = node_name(config)
    except NodeFailed as failure:
        print(f"no state: {failure}")
        return 1
    path = state.path_of(config.paths.state, name)
    found = state.read(path)
    if found is None:
        print(f"no state file at {path}: the node program has not started here")
        return 1
    why = unhealthy_because(found, clock.wall(), clock.monotonic())
    if as_json:
        print(json.dumps({**found, "healthy": why is None, "unhealthyBecause": why}, indent=1))
    else:
        print("\n".join(lines(found, clock.wall(), why)))
    return 0 if why is None else 1


def node_name(config: NodeConfig) -> str:
    """The name of this node. Raises NodeFailed when it depends on an address that does not exist."""
    if config.node.name is not None:
        return config.node.name
    return config.node_name(
        address.own_address(config.node.address, config.subnet, address.local_addresses()).address
    )


def unhealthy_because(found: dict[str, Any], now: float, uptime: float | None = None) -> str | None:
    """Why the node is not healthy, `None` if it is: a question about this node, not about the cluster.

    A degraded cluster is one unhealthy head beside healthy workers; a lost worker is itself unhealthy.
    """
    beat = clock.epoch(found.get("heartbeat"))
    age = None if beat is None else abs(now - beat)
    ticked = found.get("beatUptime")
    if age is not None and uptime is not None and isinstance(ticked, int | float):
        # The wall clock may have been set since. Before a reboot the machine had been up for longer.
        age = uptime - ticked if uptime >= ticked else age
    if age is None or age > state.STALE_SECONDS:
        return "no heartbeat" if age is None else f"the last heartbeat was {table.duration(age)} ago"
    if found.get("role") == "head":
        is_well = found.get("state") in (*state.DONE, state.WAITING)
        return None if is_well else f"the head is {found.get('state')}"
    return None if found.get("member") is True else "the node is not a member of the cluster"


def lines(found: dict[str, Any], now: float, why: str | None) -> list[str]:
    """The state as text."""
    since = clock.epoch(found.get("since"))
    age = f" for {table.duration(now - since)}" if since is not None else ""
    who = f"{found['node']} ({found.get('address')}), {found['role']} of '{found['cluster']}'"
    text = [f"{who}: {found['state']}{age}"]

    def add(title: str, value: object) -> None:
        if value:
            text.append(f"  {title:<11}{value}")

    add("unhealthy", why)
    add("workload", found.get("workload"))
    add("since", found.get("since"))
    add("reason", found.get("reason"))
    for line in _rollout(found.get("rollout") or {}):
        add("rollout", line)
    waiting = found.get("waitingFor")
    if waiting:
        add("progress", f"{waiting['what']} (until {waiting['deadline']})")
    culprit = found.get("culprit")
    if culprit:
        add("culprit", f"{culprit['name']} ({culprit['address']}): {culprit['reason']}")
    versions = found.get("versions")
    if versions:
        by = "token authentication" if found.get("authentication") == "token" else "no authentication"
        add("versions", f"Ray {versions['ray']}, Python {versions['python']}, {by}")
    for warning in found.get("warnings") or []:
        add("warning", warning)
    completion = found.get("completion")
    if completion:
        add("completion", f"{completion['text']} ({completion['seconds']:.2f} s)")
    job = found.get("job")
    if job:
        ended = job["endedAt"]
        add(
            "job", f"exit code {job['exitCode']} after {job['seconds']} s, at {ended}" if ended else "running"
        )
    follower = found.get("follower")
    if follower:
        add("follower", f"rank {follower['rank']}, {follower['reason'] or follower['state']}")
    if found.get("members"):
        text += table.members(found["members"])
    for line in found.get("lastLogLines") or []:
        text.append(f"  | {line}")
    return text


def _rollout(found: dict[str, Any]) -> list[str]:
    """What is being rolled out, and how the last rollout has ended."""
    following, verdict = found.get("next"), found.get("verdict")
    if following:
        since = f"since {following['since']}, started by {following['holder']}"
        return [f"{following['number']}, {found.get('what')}, {since}"]
    return [str(verdict["text"])] if verdict and verdict["verdict"] == "failed" else []
