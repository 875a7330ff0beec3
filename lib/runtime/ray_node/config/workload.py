"""`workload.json`: what the formed cluster runs. The contract with the planner, which writes it.

Every key is required, the nullable ones too. Values are not judged here: the planner's rules have done that.
"""

import hashlib
from dataclasses import dataclass, replace

from ray_node.channel import plain
from ray_node.config.config_error import ConfigError
from ray_node.config.engine_config import NONE, Engine, FollowerCommand, Requirements
from ray_node.config.preflight_config import HardwareConfig, PreflightConfig, RankTableConfig
from ray_node.config.staging_config import StagedModel, StagingConfig
from ray_node.host import json_input
from ray_node.host.json_input import Malformed
from ray_node.staging.request import HubSource

SCHEMA = 1
_NUMBER_DIGITS = 12
#: Engines that serve text and load the tokenizer from the model's folder.
_TOKENIZES = ("vllm", "lmdeploy")


@dataclass(frozen=True)
class Pool:
    """Nodes that must be members before the engine starts. The head is in its pool."""

    name: str
    nodes: int
    accelerators: int
    resource: str | None
    #: In node order; `None`: the place assigns them, members are counted by pool.
    addresses: tuple[str, ...] | None
    #: Of the nodes at these addresses; `None`: `<name>-<index>`.
    node_names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Retries:
    engine_starts: int


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

    def preflight_on(self, machines: HardwareConfig) -> PreflightConfig:
        """What is checked of the machines before this workload runs."""
        return PreflightConfig(**vars(machines), **vars(self.preflight))

    def staging_on(self, is_head: bool) -> StagingConfig | None:
        """What a node stages. Only the head has the secrets of the models' sources."""
        staging = self.staging
        if staging is None:
            return None
        models = staging.models if is_head else tuple(map(_without_token, staging.models))
        first, *others = models
        first = replace(first, needs_tokenizer=_takes_tokenizer(self.engine))
        return replace(staging, models=(first, *others))

    def follower_on(self, is_head: bool, accelerators: int) -> FollowerCommand | None:
        """What a node with this many planned accelerators runs for an engine whose head is rank 0."""
        return self.engine.follower if not is_head and accelerators > 0 else None


@dataclass(frozen=True)
class NumberedWorkload:
    """A workload with the bytes it was read from, which the head passes on as they are."""

    number: str
    content: bytes
    workload: Workload


def _without_token(model: StagedModel) -> StagedModel:
    source = model.source
    return replace(model, source=replace(source, token_file=None)) if isinstance(source, HubSource) else model


def _takes_tokenizer(engine: Engine) -> bool:
    """Other engines, and these flags, may bring one of their own."""
    elsewhere = ("--tokenizer", "--skip-tokenizer-init", "--load-format", "--config")
    return engine.name in _TOKENIZES and not any(word.startswith(elsewhere) for word in engine.argv)


def nothing(cluster: str) -> Workload:
    """What runs before the first workload has come."""
    requires = Requirements((), (), ())
    return Workload(
        cluster=cluster,
        pools=(),
        engine=Engine("none", NONE, (), None, {}, None, (), (), None, requires),
        environment=WorkloadEnvironment({}),
        staging=None,
        preflight=WorkloadPreflight((), {}, None, 0.0),
        deadlines=WorkloadDeadlines(0.0, 0.0, 0.0, 0.0),
        retries=Retries(1),
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
        value = json_input.read(content, json_input.OWN_FILE)
    except Malformed as error:
        raise ConfigError(source, [str(error)]) from error
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
