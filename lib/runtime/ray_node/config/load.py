"""Reads and checks `node.json`. The contract is `lib/runtime/node-config/node-config.ts`."""

import json

from ray_node.config import preflight_config, staging_config
from ray_node.config.check import contradictions
from ray_node.config.engine import read_engine
from ray_node.config.reader import ConfigError, Reader
from ray_node.config.schema import (
    Accelerators,
    Deadlines,
    Head,
    Node,
    NodeConfig,
    Paths,
    Pool,
    Ports,
    RaySettings,
    ScopedEnvironment,
)

__all__ = ["DEFAULT_PATH", "Accelerators", "NodeConfig", "Pool", "load", "parse"]

DEFAULT_PATH = "/etc/ray-cluster/node.json"
SCHEMA = 1
_FOUND_ON_NODE = (
    *("address", "interface", "exact-interface"),
    *("visible-devices", "rdma-devices", "rdma-gid-index"),
)


def load(path: str) -> NodeConfig:
    """Read the file at `path`. Raises ConfigError with every problem it has."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror or error}"]) from error
    except ValueError as error:
        raise ConfigError(path, [f"is not JSON: {error}"]) from error
    return parse(value, path)


def parse(value: object, source: str = DEFAULT_PATH) -> NodeConfig:
    """Check and convert parsed JSON. Raises ConfigError with every problem it has."""
    problems: list[str] = []
    schema = value.get("schema") if isinstance(value, dict) else None
    if isinstance(value, dict) and schema != SCHEMA:
        raise ConfigError(
            source, [f"schema: must be {SCHEMA}, got {schema!r}; this node program reads no other"]
        )
    root = Reader(value, "", problems)
    staging = root.optional_child("staging")
    config = NodeConfig(
        cluster=root.text("cluster"),
        node=_node(root.child("node")),
        subnet=root.text("subnet"),
        head=_head(root.child("head")),
        pools=tuple(_pool(reader) for reader in root.children("pools")),
        ray=_ray(root.child("ray")),
        ports=_ports(root.child("ports")),
        environment=_environment(root.child("environment")),
        engine=read_engine(root.child("engine")),
        deadlines=_deadlines(root.child("deadlines")),
        engine_starts=root.child("retries").integer("engineStarts", 1),
        paths=_paths(root.child("paths")),
        staging=None if staging is None else staging_config.read(staging),
        preflight=preflight_config.read(root.child("preflight")),
    )
    if not problems:
        problems.extend(contradictions(config))
    if problems:
        raise ConfigError(source, problems)
    return config


def _node(reader: Reader) -> Node:
    accelerators = reader.child("accelerators")
    return Node(
        name=reader.optional_text("name"),
        pool=reader.text("pool"),
        role=reader.choice("role", ("head", "worker")),
        address=reader.optional_text("address"),
        accelerators=Accelerators(
            planned=accelerators.integer("planned", 0),
            resource=accelerators.optional_text("resource"),
            device_glob=accelerators.optional_text("deviceGlob"),
            visible_devices_variable=accelerators.optional_text("visibleDevicesVariable"),
        ),
    )


def _head(reader: Reader) -> Head:
    return Head(name=reader.text("name"), address=reader.text("address"))


def _pool(reader: Reader) -> Pool:
    addresses = reader.optional_text_list("addresses")
    return Pool(
        name=reader.text("name"),
        nodes=reader.integer("nodes", 1),
        accelerators=reader.integer("accelerators", 0),
        resource=reader.optional_text("resource"),
        addresses=None if addresses is None else tuple(addresses),
    )


def _ray(reader: Reader) -> RaySettings:
    return RaySettings(
        version=reader.text("version"),
        authentication=reader.choice("authentication", ("token", "none")),
        cpus=reader.optional_integer("cpus", 0),
        object_store_bytes=reader.optional_integer("objectStoreBytes", 1),
    )


def _ports(reader: Reader) -> Ports:
    def port(key: str) -> int:
        return reader.integer(key, 1, 65535)

    return Ports(
        gcs=port("gcs"),
        node_manager=port("nodeManager"),
        object_manager=port("objectManager"),
        runtime_env_agent=port("runtimeEnvAgent"),
        dashboard_agent_grpc=port("dashboardAgentGrpc"),
        dashboard_agent_listen=port("dashboardAgentListen"),
        metrics_export=port("metricsExport"),
        dashboard=port("dashboard"),
        workers_from=port("workersFrom"),
        workers_to=port("workersTo"),
        node_report=port("nodeReport"),
        node_files=port("nodeFiles"),
    )


def _environment(reader: Reader) -> ScopedEnvironment:
    node = reader.texts("node")
    for name, source in node.items():
        if source not in _FOUND_ON_NODE:
            reader.note(f"node.{name}", " or ".join(f"'{item}'" for item in _FOUND_ON_NODE), source)
    return ScopedEnvironment(
        cluster=reader.texts("cluster"), node=node, own=reader.texts("own"), driver=reader.texts("driver")
    )


def _deadlines(reader: Reader) -> Deadlines:
    names = ("head", "membership", "hold", "engine", "completion", "stop", "serving")
    return Deadlines(**{name: reader.seconds(name) for name in names})


def _paths(reader: Reader) -> Paths:
    return Paths(state=reader.text("state"), token=reader.text("token"), engine_log=reader.text("engineLog"))
