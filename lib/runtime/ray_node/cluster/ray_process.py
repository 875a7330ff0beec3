"""`ray start` of this node, as a child that stays as long as Ray runs here."""

import importlib.util
import json
import os
import sys
from collections.abc import Mapping

from ray_node.cluster.devices import Devices
from ray_node.config.schema import NodeConfig
from ray_node.host import listening, probe
from ray_node.host.processes import ManagedProcess

#: Where Ray keeps its sessions, sockets and logs, and moves objects to that memory does not hold.
_SESSIONS = "/tmp"
_FULL = 0.95
#: What Ray's dashboard imports (ray/dashboard/optional_deps.py) and only `ray[default]` brings.
_DASHBOARD_NEEDS = "aiohttp_cors"


def argv(config: NodeConfig, node_name: str, address: str, devices: Devices) -> list[str]:
    """The command. Everything is explicit: address, name, every port, and the accelerators found."""
    ports = config.ports
    command = [
        # The `ray` script may not be in PATH; the module is there whenever Ray is.
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats"),
        f"--node-ip-address={address}",
        f"--node-name={node_name}",
        f"--node-manager-port={ports.node_manager}",
        f"--object-manager-port={ports.object_manager}",
        f"--runtime-env-agent-port={ports.runtime_env_agent}",
        f"--dashboard-agent-grpc-port={ports.dashboard_agent_grpc}",
        f"--dashboard-agent-listen-port={ports.dashboard_agent_listen}",
        f"--metrics-export-port={ports.metrics_export}",
        f"--min-worker-port={ports.workers_from}",
        f"--max-worker-port={ports.workers_to}",
    ]
    if config.is_head:
        command += ["--head", f"--port={ports.gcs}", *_dashboard(config), *_client(config)]
    else:
        command += [f"--address={config.gcs_address}"]
    if config.ray.cpus is not None:
        command += [f"--num-cpus={config.ray.cpus}"]
    if config.ray.object_store_bytes is not None:
        command += [f"--object-store-memory={config.ray.object_store_bytes}"]
    return command + _accelerators(devices)


def _dashboard(config: NodeConfig) -> list[str]:
    """On where it asks for the token and the image has it; nobody reaches it but from this machine.

    Where its packages are there, Ray itself decides: one that was asked for and cannot start would end Ray.
    """
    wanted = config.ray.authentication == "token" and _is_installed(_DASHBOARD_NEEDS)
    return [
        *([] if wanted else ["--include-dashboard=false"]),
        "--dashboard-host=127.0.0.1",
        f"--dashboard-port={config.ports.dashboard}",
    ]


def _client(config: NodeConfig) -> list[str]:
    """Ray opens it wherever grpcio is installed, and cannot elsewhere; it has no switch."""
    return [f"--ray-client-server-port={config.ports.client}"] if _is_installed("grpc") else []


def _is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _accelerators(devices: Devices) -> list[str]:
    if devices.resource == "GPU":
        return [f"--num-gpus={devices.announced}"]
    # Without this Ray would look for GPUs by itself.
    none = ["--num-gpus=0"]
    if devices.resource is None:
        return none
    return [*none, f"--resources={json.dumps({devices.resource: devices.announced})}"]


def start(
    config: NodeConfig, node_name: str, address: str, devices: Devices, environment: Mapping[str, str]
) -> ManagedProcess:
    return ManagedProcess(argv(config, node_name, address, devices), environment)


def port_taken(config: NodeConfig, address: str) -> str | None:
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
            return f"port {port} of {purpose} is in use on this machine by {listening.holder(port)}"
    return None


def little_room(folder: str = _SESSIONS) -> str | None:
    """A warning, or `None`. Ray itself looks at the same share (`local_fs_capacity_threshold`)."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    used = 1 - disk.f_bavail / max(disk.f_blocks, 1)
    if used < _FULL:
        return None
    left = disk.f_bavail * disk.f_frsize / 2**30
    return (
        f"the disk of {folder} is {used:.0%} full, {left:.1f} GiB are left: Ray moves no objects to it from "
        f"{_FULL:.0%} on. Make room where Docker keeps its containers (docker system df)"
    )


def was_slow(output: list[str]) -> bool:
    """Ray gives up after 30 seconds of its start, whatever the plan's deadline; the next may be in time."""
    return any("node timed out during startup" in line for line in output)


def explain(output: list[str]) -> str | None:
    """The cause that Ray's own output names, in plain words, or `None`."""
    text = "\n".join(output)
    if "AuthenticationError" in text or "InvalidAuthToken" in text or "Unauthenticated" in text:
        return "wrong token: the head's Ray refuses this node's token"
    if "Version mismatch" in text:
        return "version mismatch: " + " ".join(text[text.index("Version mismatch") :].split())[:300]
    if "marked as dead" in text or "consider this node to be dead" in text:
        return "the head's Ray had given this node up (it was silent for too long)"
    if "already running" in text or "already in use" in text:
        return "another Ray, or another program on one of its ports, already runs here"
    if "No space left on device" in text:
        return "a disk or the shared memory is full: docker system df on the machine, df /dev/shm in here"
    if was_slow(output):
        return (
            "it was not up within Ray's own 30 s; this machine or the head is overloaded, or they are cut off"
        )
    return None


def telling(output: list[str], lines: int = 15) -> list[str]:
    """The last lines that a person can use: no stack frames, no dumps, no decoration."""
    noise = ("+0x", "[state-dump]", "-----", "*** StackTrace")
    useful = [line for line in output if line.strip() and not any(mark in line for mark in noise)]
    return useful[-lines:]
