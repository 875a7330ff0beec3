"""node.json of schema 1, which holds the cluster's only workload, too."""

from dataclasses import dataclass

from ray_node.channel.tls import TlsFiles
from ray_node.config.engine_config import Engine
from ray_node.config.preflight_config import HardwareConfig, PreflightConfig
from ray_node.config.schema import (
    Deadlines,
    Head,
    Node,
    NodeConfig,
    Paths,
    Ports,
    RaySettings,
    ScopedEnvironment,
)
from ray_node.config.staging_config import StagingConfig
from ray_node.config.workload import (
    Pool,
    Retries,
    Workload,
    WorkloadDeadlines,
    WorkloadEnvironment,
    WorkloadPreflight,
)

SCHEMA = 1


@dataclass(frozen=True)
class EnvironmentV1(ScopedEnvironment):
    driver: dict[str, str]


@dataclass(frozen=True)
class DeadlinesV1(Deadlines):
    """Seconds."""

    hold: float
    engine: float
    completion: float
    serving: float


@dataclass(frozen=True)
class NodeConfigV1:
    cluster: str
    node: Node
    subnet: str
    head: Head
    pools: tuple[Pool, ...]
    ray: RaySettings
    ports: Ports
    environment: EnvironmentV1
    engine: Engine
    deadlines: DeadlinesV1
    retries: Retries
    paths: Paths
    staging: StagingConfig | None
    preflight: PreflightConfig
    tls: TlsFiles | None = None


def split(found: NodeConfigV1) -> NodeConfig:
    """The node's life, and beside it the workload."""
    environment, deadlines, preflight = found.environment, found.deadlines, found.preflight
    workload = Workload(
        cluster=found.cluster,
        pools=found.pools,
        engine=found.engine,
        environment=WorkloadEnvironment(environment.driver),
        staging=found.staging,
        preflight=WorkloadPreflight(
            preflight.tolerated, preflight.device_ips, preflight.rank_table, preflight.memory_share
        ),
        deadlines=WorkloadDeadlines(
            deadlines.hold, deadlines.engine, deadlines.completion, deadlines.serving
        ),
        retries=found.retries,
    )
    return NodeConfig(
        cluster=found.cluster,
        node=found.node,
        subnet=found.subnet,
        head=found.head,
        ray=found.ray,
        ports=found.ports,
        environment=ScopedEnvironment(
            environment.shell_files, environment.cluster, environment.node, environment.own
        ),
        deadlines=Deadlines(deadlines.head, deadlines.membership, deadlines.stop),
        paths=found.paths,
        preflight=HardwareConfig(
            preflight.fabric,
            preflight.collective,
            preflight.board,
            preflight.devices,
            preflight.image,
            preflight.minimum_driver,
        ),
        tls=found.tls,
        workload=workload,
    )
