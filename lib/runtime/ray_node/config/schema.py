"""What `node.json` holds, as types. The contract is `lib/runtime/node-config/node-config.ts`."""

import ipaddress
from dataclasses import dataclass
from typing import Any

from ray_node.config.preflight_config import PreflightConfig
from ray_node.config.staging_config import StagingConfig


@dataclass(frozen=True)
class Accelerators:
    planned: int
    resource: str | None
    device_glob: str | None
    visible_devices_variable: str | None


@dataclass(frozen=True)
class Node:
    name: str | None
    pool: str
    role: str
    address: str | None
    accelerators: Accelerators


@dataclass(frozen=True)
class Head:
    name: str
    address: str


@dataclass(frozen=True)
class Pool:
    name: str
    nodes: int
    accelerators: int
    resource: str | None
    addresses: tuple[str, ...] | None


@dataclass(frozen=True)
class RaySettings:
    version: str
    authentication: str
    cpus: int | None
    object_store_bytes: int | None


@dataclass(frozen=True)
class Ports:
    gcs: int
    node_manager: int
    object_manager: int
    runtime_env_agent: int
    dashboard_agent_grpc: int
    dashboard_agent_listen: int
    metrics_export: int
    dashboard: int
    workers_from: int
    workers_to: int
    node_report: int
    node_files: int


@dataclass(frozen=True)
class ScopedEnvironment:
    cluster: dict[str, str]
    node: dict[str, str]
    #: Of this node alone.
    own: dict[str, str]
    driver: dict[str, str]


@dataclass(frozen=True)
class Completion:
    path: str
    body: dict[str, Any]
    must_contain: str | None


@dataclass(frozen=True)
class EngineApi:
    port: int
    health_path: str
    served_model: str
    completion: Completion


@dataclass(frozen=True)
class FollowerCommand:
    """What every node with accelerators but the head runs, as rank 1, 2, ..."""

    argv: tuple[str, ...]
    rank_flag: str

    def of_rank(self, rank: int) -> list[str]:
        return [*self.argv, self.rank_flag, str(rank)]


@dataclass(frozen=True)
class EngineText:
    """A file that the head writes before each start of the engine."""

    path: str
    text: str


@dataclass(frozen=True)
class Requirements:
    """What the image of every node must hold."""

    programs: tuple[str, ...]
    python_modules: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Engine:
    name: str
    #: `serve`: answers requests; `job`: runs to its end; `none`: nothing runs.
    kind: str
    argv: tuple[str, ...]
    #: There exactly when the engine serves.
    api: EngineApi | None
    follower: FollowerCommand | None
    #: Variables that the engine's processes must not see.
    withheld: tuple[str, ...]
    texts: tuple[EngineText, ...]
    working_directory: str | None
    requires: Requirements


@dataclass(frozen=True)
class Deadlines:
    """Seconds."""

    head: float
    membership: float
    hold: float
    engine: float
    completion: float
    stop: float
    serving: float


@dataclass(frozen=True)
class Paths:
    state: str
    token: str
    engine_log: str


@dataclass(frozen=True)
class NodeConfig:
    cluster: str
    node: Node
    subnet: str
    head: Head
    pools: tuple[Pool, ...]
    ray: RaySettings
    ports: Ports
    environment: ScopedEnvironment
    engine: Engine
    deadlines: Deadlines
    engine_starts: int
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
