"""Environment by scope: `cluster` and `node` are set before `ray start`, `driver` only for the engine."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ray_node.cluster import shell_files
from ray_node.config import node_values, workload
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.host.address import LocalAddress

#: Lists of paths. What is declared goes before what the image has, which its own programs need: CANN has its
#: libraries in LD_LIBRARY_PATH.
PATH_LISTS = frozenset(
    {
        "CPATH",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "LIBRARY_PATH",
        "MANPATH",
        "PATH",
        "PKG_CONFIG_PATH",
        "PYTHONPATH",
    }
)
#: As Python's, curl's and Go's clients read them.
_PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_THIS_MACHINE = ("localhost", "127.0.0.1", "0.0.0.0")


@dataclass(frozen=True)
class NodeEnvironment:
    """The environments of the processes this node starts."""

    ray: dict[str, str]
    engine: dict[str, str]
    #: What was set over the container's own environment, for the state file. Holds no secret.
    recorded: dict[str, dict[str, str]]


def build(config: NodeConfig, own: LocalAddress, base: Mapping[str, str] | None = None) -> NodeEnvironment:
    """Ray's workers inherit the raylet's environment: all but `driver` must be there before `ray start`.

    Raises NodeFailed.
    """
    wanted = config.environment.node
    values = node_values.find(config, own, wanted.values())
    found = {name: values[kind] for name, kind in wanted.items() if kind in values}
    node = {**found, **config.environment.own}
    container = os.environ if base is None else base
    image = shell_files.read(config.environment.shell_files, container)
    ray = over({**container, **image}, config.environment.cluster)
    ray = over(ray, node)
    _authenticate(ray, config)
    _encrypt(ray, config)
    # The two ports that `ray start` has no flag for.
    ray["AUTOSCALER_METRIC_PORT"] = str(config.ports.autoscaler_metrics)
    ray["DASHBOARD_METRIC_PORT"] = str(config.ports.dashboard_metrics)
    ray = _within(ray, (*_THIS_MACHINE, own.address, config.head.address, config.subnet))
    # An address from outside would make `ray start` join another cluster than the planned one.
    ray.pop("RAY_ADDRESS", None)
    running = config.workload or workload.nothing(config.cluster)
    engine = of_engine(ray, running, config.gcs_address)
    runs_engine = running.follower_on(config.is_head, config.node.accelerators.planned) or config.is_head
    recorded = {
        **({"image": image} if image else {}),
        "cluster": dict(config.environment.cluster),
        "node": node,
        "driver": dict(running.environment.driver) if runs_engine else {},
    }
    return NodeEnvironment(ray=ray, engine=engine, recorded=recorded)


def of_engine(ray: Mapping[str, str], running: Workload, gcs_address: str) -> dict[str, str]:
    """What the processes of a workload see. `ray` is the environment of this node's Ray."""
    addresses = [address for pool in running.pools for address in pool.addresses or ()]
    engine = _within({**over(ray, running.environment.driver), "RAY_ADDRESS": gcs_address}, addresses)
    engine.setdefault("PYTHONUNBUFFERED", "1")
    for name in running.engine.withheld:
        engine.pop(name, None)
    return engine


def over(base: Mapping[str, str], declared: Mapping[str, str]) -> dict[str, str]:
    """`base` with what is declared: a list of paths before its own, anything else in its place."""
    lists = {
        name: f"{value}:{base[name]}"
        for name, value in declared.items()
        if name in PATH_LISTS and base.get(name)
    }
    return {**base, **declared, **lists}


def _within(environment: Mapping[str, str], addresses: Iterable[str]) -> dict[str, str]:
    """No proxy between the processes of the cluster: whatever has a proxy is told what it is not for.

    Dashboards, servers behind a proxy of their own and warm-ups ask one another over HTTP
    (ray-project/ray#12598; sgl-project/sglang#9155, #9814; vllm-project/vllm#5779).
    """
    if not any(environment.get(name) for name in _PROXIES):
        return dict(environment)
    given = ",".join(environment.get(name, "") for name in ("no_proxy", "NO_PROXY")).split(",")
    names = dict.fromkeys(item.strip() for item in (*given, *addresses) if item.strip())
    return {**environment, "no_proxy": ",".join(names), "NO_PROXY": ",".join(names)}


def _authenticate(environment: dict[str, str], config: NodeConfig) -> None:
    # RAY_AUTH_TOKEN would win over the path, and would put the token into every /proc/<pid>/environ.
    environment.pop("RAY_AUTH_TOKEN", None)
    if config.ray.authentication == "token":
        environment["RAY_AUTH_MODE"] = "token"
        environment["RAY_AUTH_TOKEN_PATH"] = config.paths.token
    else:
        environment["RAY_AUTH_MODE"] = "disabled"
        environment.pop("RAY_AUTH_TOKEN_PATH", None)


def _encrypt(environment: dict[str, str], config: NodeConfig) -> None:
    """Ray shows and demands a certificate on every gRPC connection. The files are there before it starts."""
    files = config.tls
    if files is not None:
        environment["RAY_USE_TLS"] = "1"
        environment["RAY_TLS_CA_CERT"] = files.authority
        environment["RAY_TLS_SERVER_CERT"] = files.certificate
        environment["RAY_TLS_SERVER_KEY"] = files.key
