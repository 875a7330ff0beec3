"""`workload.json`: what the formed cluster runs. The contract with the planner, which writes it.

Every key is required, the nullable ones too. Values are not judged here: the planner's rules have done that.
"""

import hashlib
import json
from dataclasses import dataclass, replace

from ray_node.channel import plain
from ray_node.config.load import ConfigError
from ray_node.config.preflight_config import RankTableConfig
from ray_node.config.schema import Engine, FollowerCommand, NodeConfig, Pool, Retries
from ray_node.config.staging_config import StagingConfig
from ray_node.staging.request import HubSource

SCHEMA = 1
_NUMBER_DIGITS = 12


@dataclass(frozen=True)
class WorkloadEnvironment:
    #: Variables of the engine's processes only. What must be set before Ray starts is in node.json.
    driver: dict[str, str]


@dataclass(frozen=True)
class WorkloadPreflight:
    #: Checks whose failures only warn.
    tolerated: tuple[str, ...]
    #: By node address: the addresses of its NPUs in their order.
    device_ips: dict[str, tuple[str, ...]]
    rank_table: RankTableConfig | None
    #: Of each accelerator's memory, what the engine takes when it starts: 0.9 is nine tenths.
    memory_share: float


@dataclass(frozen=True)
class WorkloadDeadlines:
    """Seconds."""

    #: How long the membership must stay whole before an engine starts.
    hold: float
    engine: float
    completion: float
    #: From delivery to verdict.
    serving: float


@dataclass(frozen=True)
class Workload:
    cluster: str
    #: Who takes part. A node of no pool, or beyond a pool's number of nodes, is told to leave.
    pools: tuple[Pool, ...]
    engine: Engine
    environment: WorkloadEnvironment
    #: `None`: there is no model to bring.
    staging: StagingConfig | None
    preflight: WorkloadPreflight
    deadlines: WorkloadDeadlines
    retries: Retries

    def staging_on(self, is_head: bool) -> StagingConfig | None:
        """What a node stages. Only the head has the secret of the model's source."""
        staging = self.staging
        if is_head or staging is None or not isinstance(staging.source, HubSource):
            return staging
        return replace(staging, source=replace(staging.source, token_file=None))

    def follower_of(self, is_head: bool, accelerators: int) -> FollowerCommand | None:
        """What a node with this many planned accelerators runs for an engine whose head is rank 0."""
        return self.engine.follower if not is_head and accelerators > 0 else None


@dataclass(frozen=True)
class NumberedWorkload:
    """A workload with the bytes it was read from, which the head passes on as they are."""

    number: str
    content: bytes
    workload: Workload


def of_node(config: NodeConfig) -> Workload:
    """What node.json says of the workload, until it has a file of its own."""
    deadlines, preflight = config.deadlines, config.preflight
    return Workload(
        cluster=config.cluster,
        pools=config.pools,
        engine=config.engine,
        environment=WorkloadEnvironment(config.environment.driver),
        staging=config.staging,
        preflight=WorkloadPreflight(
            preflight.tolerated, preflight.device_ips, preflight.rank_table, preflight.memory_share
        ),
        deadlines=WorkloadDeadlines(
            deadlines.hold, deadlines.engine, deadlines.completion, deadlines.serving
        ),
        retries=config.retries,
    )


def number_of(content: bytes) -> str:
    """The number of the workload file with this content: 12 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(content).hexdigest()[:_NUMBER_DIGITS]


def is_number(text: str) -> bool:
    return len(text) == _NUMBER_DIGITS and all(digit in "0123456789abcdef" for digit in text)


def parse(content: bytes, cluster: str, source: str = "workload.json") -> NumberedWorkload:
    """Check and convert the bytes of a workload file. Raises ConfigError with every problem it has.

    `cluster`: the one that is to run it. `source`: what the error calls the file.
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigError(source, [f"is not JSON: {error}"]) from error
    schema = value.get("schema") if isinstance(value, dict) else None
    if schema != SCHEMA:
        problem = f"schema: must be {SCHEMA}, the only one this node program reads, got {schema!r}"
        raise ConfigError(source, [problem])
    problems: list[str] = []
    if isinstance(value.get("cluster"), str) and value["cluster"] != cluster:
        problems.append(f"cluster: must be '{cluster}', the cluster of this node, got '{value['cluster']}'")
    try:
        workload = plain.decode(Workload, value, maximum_text=None)
    except plain.NotPlain as error:
        raise ConfigError(source, problems + error.problems) from error
    if problems:
        raise ConfigError(source, problems)
    return NumberedWorkload(number_of(content), content, workload)
