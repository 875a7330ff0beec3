"""`ray_node preflight`: what can be checked on this node alone, before anything is started."""

import json
import os
import stat
from dataclasses import asdict, dataclass

from ray_node.cluster import devices, environment, requirements, token
from ray_node.cluster.environment import NodeEnvironment
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import nothing
from ray_node.hardware.finding import FAILED, OK, WARNING
from ray_node.host import address, clock, listening, probe, table, versions
from ray_node.host.address import LocalAddress
from ray_node.host.failure import NodeFailed
from ray_node.preflight import machine_checks


@dataclass(frozen=True)
class Check:
    name: str
    outcome: str
    detail: str


def run(config: NodeConfig, as_json: bool) -> int:
    """Print every check. Returns 0 unless one has failed."""
    checks = every(config)
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=1))
    else:
        rows = [(check.outcome, check.name, check.detail) for check in checks]
        print("\n".join(table.render(("", "CHECK", "FOUND"), rows, indent="")))
    return 1 if any(check.outcome == FAILED for check in checks) else 0


def every(config: NodeConfig) -> list[Check]:
    own: LocalAddress | None = None
    try:
        own = address.own_address(config.node.address, config.subnet, address.local_addresses())
        first = Check("address", OK, f"{own.address} on {own.interface}")
    except NodeFailed as failure:
        first = Check("address", FAILED, failure.reason)
    variables = _environment(config, own)
    checks = [first, _devices(config, variables), *_versions(config), _engine(config, variables)]
    if own is not None:
        checks.append(_ports(config, own))
        checks.extend(_machine(config, own))
    return [*checks, _shared_memory(config), _token(config), _clock()]


def _environment(config: NodeConfig, own: LocalAddress | None) -> NodeEnvironment:
    """Without its fabric a node has no environment; which fabric is missing is the machine's check."""
    try:
        return environment.build(config, own or LocalAddress("", ""))
    except NodeFailed:
        return NodeEnvironment(dict(os.environ), dict(os.environ), {})


def _machine(config: NodeConfig, own: LocalAddress) -> list[Check]:
    """NPUs, fabric, GPUs and image; what is only comparable is compared by the head."""
    name = config.node.name or f"{config.node.pool}-{own.address}"
    report = machine_checks.run(config, name, own.address)
    return [
        Check(
            f"{item.check} ({item.device})" if item.device else item.check,
            item.outcome,
            f"{item.seen}; {item.fix}" if item.fix else item.seen,
        )
        for item in report.findings
    ]


def _devices(config: NodeConfig, variables: NodeEnvironment) -> Check:
    found = devices.count(config.node.accelerators, variables.ray)
    return Check("accelerators", OK if found.found >= found.planned else FAILED, str(found))


def _versions(config: NodeConfig) -> list[Check]:
    found = versions.installed()
    if found is None:
        return [Check("ray", FAILED, "Ray is not installed for this Python")]
    detail = f"Ray {found.ray}, Python {found.python}"
    checks = [Check("ray", OK, detail)]
    if found.ray != config.ray.version:
        checks = [Check("ray", WARNING, f"{detail}; the plan says {config.ray.version}")]
    if config.ray.authentication == "none":
        checks.append(Check("authentication", WARNING, "none"))
    elif versions.is_at_least(found.ray, config.ray.token_since):
        checks.append(Check("authentication", OK, "token"))
    else:
        checks.append(Check("authentication", FAILED, f"Ray {found.ray} has no token authentication"))
    return checks


def _engine(config: NodeConfig, variables: NodeEnvironment) -> Check:
    if config.workload is None:
        return Check("engine", OK, "checked with each workload")
    lacking = requirements.problem(config.workload, config.is_head, variables.engine)
    found = lacking or f"what '{config.workload.engine.name}' needs"
    return Check("engine", OK if lacking is None else FAILED, found)


def _ports(config: NodeConfig, own: LocalAddress) -> Check:
    ports = config.ports
    needed = [
        *(ports.node_manager, ports.object_manager, ports.runtime_env_agent),
        *(ports.dashboard_agent_grpc, ports.dashboard_agent_listen, ports.metrics_export),
    ]
    workload = config.workload or nothing(config.cluster)
    if workload.staging is not None and workload.staging.fans_out:
        needed.append(ports.node_files)
    if config.is_head:
        needed += [ports.gcs, ports.dashboard, ports.client, ports.node_report]
        needed += [ports.autoscaler_metrics, ports.dashboard_metrics]
        if workload.engine.api is not None:
            needed.append(workload.engine.api.port)
    taken = [port for port in needed if not probe.is_free(own.address, port)]
    if taken:
        held = "; ".join(f"{port} by {listening.holder(port)}" for port in taken)
        return Check("ports", FAILED, f"in use (also when the node program already runs here): {held}")
    return Check("ports", OK, f"{len(needed)} ports are free")


def _shared_memory(config: NodeConfig) -> Check:
    try:
        room = os.statvfs("/dev/shm")
    except OSError as error:
        return Check("shared memory", WARNING, f"/dev/shm: {error.strerror}")
    size = room.f_frsize * room.f_blocks
    wanted = config.ray.object_store_bytes
    detail = f"/dev/shm has {size >> 20} MiB"
    if wanted is not None and size < wanted:
        return Check("shared memory", WARNING, f"{detail}, the object store takes {wanted >> 20} MiB")
    return Check("shared memory", OK, detail)


def _token(config: NodeConfig) -> Check:
    path = config.paths.token
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
        present = token.read(path) is not None
    except FileNotFoundError:
        outcome = OK if config.is_head else WARNING
        return Check("token", outcome, f"{path} does not exist yet; the head makes it")
    except token.BadToken as error:
        return Check("token", FAILED, f"{path} {error}")
    except OSError as error:
        return Check("token", FAILED, f"{path}: {error.strerror}")
    if not present:
        return Check("token", FAILED, f"{path} is empty")
    return Check("token", OK if mode == 0o600 else FAILED, f"{path} has mode {mode:04o}")


def _clock() -> Check:
    # A machine without a set clock starts in 1970; everything signed by time would fail there.
    return Check("clock", OK if clock.stamp() >= "2025" else FAILED, clock.stamp())
