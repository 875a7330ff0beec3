"""What `node.json` holds, as types. The contract is `lib/runtime/node-config/node-config.ts`."""

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ray_node.channel.plain import where, within
from ray_node.config.preflight_config import PreflightConfig
from ray_node.config.staging_config import StagingConfig
from ray_node.config.values import AbsolutePath, Port, Seconds, Text

SERVE = "serve"
JOB = "job"
NONE = "none"

Count = Annotated[int, within(0)]
OneOrMore = Annotated[int, within(1)]
Command = Annotated[tuple[str, ...], where("a command with at least one word", bool)]
#: What only the node itself can find: `node_values.py`.
FoundOnNode = Literal[
    "address", "interface", "exact-interface", "visible-devices", "rdma-devices", "rdma-gid-index"
]


@dataclass(frozen=True)
class Accelerators:
    planned: Count
    resource: Text | None
    device_glob: Text | None
    visible_devices_variable: Text | None


@dataclass(frozen=True)
class Node:
    name: Text | None
    pool: Text
    role: Literal["head", "worker"]
    address: Text | None
    accelerators: Accelerators


@dataclass(frozen=True)
class Head:
    name: Text
    address: Text


@dataclass(frozen=True)
class Pool:
    name: Text
    nodes: OneOrMore
    accelerators: Count
    resource: Text | None
    addresses: tuple[str, ...] | None


@dataclass(frozen=True)
class RaySettings:
    version: Text
    authentication: Literal["token", "none"]
    #: First Ray release with token authentication.
    token_since: Text
    cpus: Count | None
    object_store_bytes: OneOrMore | None


@dataclass(frozen=True)
class Ports:
    gcs: Port
    node_manager: Port
    object_manager: Port
    runtime_env_agent: Port
    dashboard_agent_grpc: Port
    dashboard_agent_listen: Port
    metrics_export: Port
    dashboard: Port
    workers_from: Port
    workers_to: Port
    node_report: Port
    node_files: Port


@dataclass(frozen=True)
class ScopedEnvironment:
    cluster: dict[str, str]
    node: dict[str, FoundOnNode]
    #: Of this node alone.
    own: dict[str, str]
    driver: dict[str, str]


@dataclass(frozen=True)
class Completion:
    path: Text
    body: dict[str, Any]
    must_contain: Text | None


@dataclass(frozen=True)
class EngineApi:
    port: Port
    health_path: Text
    served_model: Text
    completion: Completion


@dataclass(frozen=True)
class FollowerCommand:
    """What every node with accelerators but the head runs, as rank 1, 2, ..."""

    argv: Command
    rank_flag: Text

    def of_rank(self, rank: int) -> list[str]:
        return [*self.argv, self.rank_flag, str(rank)]


@dataclass(frozen=True)
class EngineText:
    """A file that the head writes before each start of the engine."""

    path: AbsolutePath
    text: str


@dataclass(frozen=True)
class Requirements:
    """What the image of every node must hold."""

    programs: tuple[str, ...]
    python_modules: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Engine:
    name: Text
    #: `serve`: answers requests; `job`: runs to its end; `none`: nothing runs.
    kind: Literal["serve", "job", "none"]
    argv: tuple[str, ...]
    #: There exactly when the engine serves.
    api: EngineApi | None
    follower: FollowerCommand | None
    #: Variables that the engine's processes must not see.
    withheld: tuple[str, ...]
    texts: tuple[EngineText, ...]
    working_directory: AbsolutePath | None
    requires: Requirements


@dataclass(frozen=True)
class Deadlines:
    """Seconds."""

    head: Seconds
    membership: Seconds
    hold: Seconds
    engine: Seconds
    completion: Seconds
    stop: Seconds
    serving: Seconds


@dataclass(frozen=True)
class Retries:
    engine_starts: OneOrMore


@dataclass(frozen=True)
class Paths:
    state: Text
    token: Text
    engine_log: Text


@dataclass(frozen=True)
class NodeConfig:
    cluster: Text
    node: Node
    subnet: Text
    head: Head
    pools: Annotated[tuple[Pool, ...], where("a list with at least one entry", bool)]
    ray: RaySettings
    ports: Ports
    environment: ScopedEnvironment
    engine: Engine
    deadlines: Deadlines
    retries: Retries
    paths: Paths
    #: `None`: there is no model to bring.
    staging: StagingConfig | None
    preflight: PreflightConfig

    @property
    def network(self) -> ipaddress.IPv4Network:
        return ipaddress.IPv4Network(self.subnet)

    @property
    def is_head(self) -> bool:
        return self.node.role == "head"

    @property
    def gcs_address(self) -> str:
        return f"{self.head.address}:{self.ports.gcs}"
