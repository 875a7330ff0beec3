"""What `node.json` holds: the contract with the planner, which writes it (`lib/runtime/node-config/`).

Schema 2 is exactly this: what a node needs to join Ray. It names neither the engine nor the number of nodes,
so a change of them changes nothing for a node that stays. Schema 1 holds the only workload too: `node_v1.py`.

Every key is required, the nullable ones too. Values are not judged here: the planner's rules have done that.
"""

import ipaddress
from dataclasses import dataclass
from typing import Literal

from ray_node.channel.tls import TlsFiles
from ray_node.config.preflight_config import HardwareConfig
from ray_node.config.workload import Workload

#: What only the node itself can find: `node_values.py`.
FoundOnNode = Literal[
    "address", "interface", "exact-interface", "visible-devices", "rdma-devices", "rdma-gid-index"
]


@dataclass(frozen=True)
class Accelerators:
    planned: int
    #: Numbers of the machine's device nodes, ascending; `None`: the first ones.
    devices: tuple[int, ...] | None
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
    autoscaler_metrics: int
    dashboard_metrics: int
    dashboard: int
    client: int
    workers_from: int
    workers_to: int
    #: The node program's own report channel on the head.
    node_report: int
    #: Where each node gives files of the model to the others.
    node_files: int


@dataclass(frozen=True)
class ScopedEnvironment:
    #: Of the image, with variables that its programs need; read in this order.
    shell_files: tuple[str, ...]
    cluster: dict[str, str]
    node: dict[str, FoundOnNode]
    #: Of this node alone.
    own: dict[str, str]


@dataclass(frozen=True)
class Deadlines:
    """Seconds."""

    head: float
    membership: float
    stop: float


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
    ray: RaySettings
    ports: Ports
    environment: ScopedEnvironment
    deadlines: Deadlines
    paths: Paths
    preflight: HardwareConfig
    #: Of the certificates that each node makes for Ray and for the node program; `None`: both speak in clear.
    tls: TlsFiles | None = None
    #: What a node.json of schema 1 says of the workload; `None`: workloads have files of their own.
    workload: Workload | None = None

    @property
    def network(self) -> ipaddress.IPv4Network:
        return ipaddress.IPv4Network(self.subnet)

    def node_name(self, address: str) -> str:
        """The name of this node at its `address`."""
        return self.node.name or f"{self.node.pool}-{address}"

    @property
    def is_head(self) -> bool:
        return self.node.role == "head"

    @property
    def gcs_address(self) -> str:
        return f"{self.head.address}:{self.ports.gcs}"
