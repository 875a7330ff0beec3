"""What `node.json` holds: the contract with the planner, which writes it (`lib/runtime/node-config/`).

Every key is required, the nullable ones too. Values are not judged here: the planner's rules have done that.
"""

import ipaddress
from dataclasses import dataclass
from typing import Any, Literal

from ray_node.config.preflight_config import PreflightConfig
from ray_node.config.staging_config import StagingConfig

SERVE = "serve"
JOB = "job"
NONE = "none"

#: What only the node itself can find: `node_values.py`.
FoundOnNode = Literal[
    "address", "interface", "exact-interface", "visible-devices", "rdma-devices", "rdma-gid-index"
]


@dataclass(frozen=True)
class Accelerators:
    planned: int
    resource: str | None
    #: Device nodes to count; `None`: nothing to count.
    device_glob: str | None
    visible_devices_variable: str | None


@dataclass(frozen=True)
class Node:
    #: `None`: one configuration serves a whole pool; the node calls itself `<pool>-<address>`.
    name: str | None
    pool: str
    role: Literal["head", "worker"]
    #: `None`: the node takes its address on `subnet`.
    address: str | None
    accelerators: Accelerators


@dataclass(frozen=True)
class Head:
    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} ({self.address})"


@dataclass(frozen=True)
class Pool:
    """Nodes that must be members before the engine starts. The head is in its pool."""

    name: str
    nodes: int
    accelerators: int
    resource: str | None
    #: In node order; `None`: the place assigns them, members are counted by pool.
    addresses: tuple[str, ...] | None


@dataclass(frozen=True)
class RaySettings:
    version: str
    authentication: Literal["token", "none"]
    #: First Ray release with token authentication.
    token_since: str
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
    #: The node program's own report channel on the head.
    node_report: int
    #: Where each node gives files of the model to the others.
    node_files: int


@dataclass(frozen=True)
class ScopedEnvironment:
    cluster: dict[str, str]
    node: dict[str, FoundOnNode]
    #: Of this node alone.
    own: dict[str, str]
    driver: dict[str, str]


@dataclass(frozen=True)
class ProofRequest:
    kind: Literal["chat", "completion", "embedding", "rerank", "pooling", "transcription", "custom"]
    path: str
    body: dict[str, Any]
    #: Text that the answer must contain.
    expect: str | None


@dataclass(frozen=True)
class EngineTls:
    #: PEM file of authorities, which may be the engine's own certificate; `None`: those of the system.
    authority: str | None
    #: Name in the certificate; `None`: it is not compared.
    server_name: str | None


@dataclass(frozen=True)
class EngineApi:
    port: int
    health_path: str
    served_model: str
    #: In their order: one is sent where the engine has refused those before it.
    proof: tuple[ProofRequest, ...]
    #: `None`: plain HTTP.
    tls: EngineTls | None
    #: File with one key in each line. The head's requests carry the first; `None`: no key is asked for.
    api_key_file: str | None


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
    """What the image of every node must hold: programs in PATH, modules that Python finds, files."""

    programs: tuple[str, ...]
    python_modules: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Engine:
    name: str
    #: `serve`: answers requests; `job`: runs to its end; `none`: nothing runs.
    kind: Literal["serve", "job", "none"]
    #: Run on the head; empty for `none`.
    argv: tuple[str, ...]
    #: There exactly when the engine serves.
    api: EngineApi | None
    #: Files of secrets by the variable of the head's process that gets the content. Empty on workers.
    secrets: dict[str, str]
    follower: FollowerCommand | None
    #: Variables that the engine's processes must not see.
    withheld: tuple[str, ...]
    #: Empty on workers.
    texts: tuple[EngineText, ...]
    #: `None`: where the node program runs.
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
class Retries:
    engine_starts: int


@dataclass(frozen=True)
class Paths:
    #: Folder of the nodes' state files, and of what the head keeps.
    state: str
    #: The Ray token, mode 0600; made by the head.
    token: str
    engine_log: str


@dataclass(frozen=True)
class NodeConfig:
    cluster: str
    node: Node
    #: IPv4 CIDR of the cluster network.
    subnet: str
    head: Head
    pools: tuple[Pool, ...]
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
    def follower(self) -> FollowerCommand | None:
        """What this node runs for an engine whose head is rank 0."""
        return self.engine.follower if not self.is_head and self.node.accelerators.planned > 0 else None

    def node_name(self, address: str) -> str:
        """The name of this node at its `address`."""
        return self.node.name or f"{self.node.pool}-{address}"

    @property
    def is_head(self) -> bool:
        return self.node.role == "head"

    @property
    def gcs_address(self) -> str:
        return f"{self.head.address}:{self.ports.gcs}"
