"""A node's tasks of the preflight: report its facts, ping, try a collective, keep the rank table."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ray_node.channel import plain
from ray_node.channel.tasks import Handlers
from ray_node.cluster import environment as node_environment
from ray_node.cluster import requirements
from ray_node.config.engine_config import Requirements
from ray_node.config.schema import NodeConfig
from ray_node.hardware.npu import pings as npu_pings
from ray_node.hardware.npu import rank_table
from ray_node.hardware.npu import tools as npu_tools
from ray_node.hardware.npu.pings import PingTarget
from ray_node.host import json_input, tool, whole_file
from ray_node.preflight import collective_pair, shared_folder
from ray_node.preflight import facts as preflight_facts
from ray_node.preflight.collective_pair import PairSide
from ray_node.preflight.shared_folder import FolderTask

FACTS = "facts"
PINGS = "pings"
PAIR = "pair"
RANK_TABLE = "rank-table"
FOLDER = "folder"
REQUIREMENTS = "requirements"

#: Beyond the collective's own timeout: PyTorch takes some seconds to load.
_PAIR_MARGIN_SECONDS = 60.0
PAIR_SECONDS = 60.0


@dataclass(frozen=True)
class PairTask:
    rank: int
    rendezvous: str
    backend: str


@dataclass(frozen=True)
class FactsTask:
    #: Of each accelerator's memory, what the workload takes.
    memory_share: float


@dataclass(frozen=True)
class TableTask:
    path: str
    text: str


@dataclass(frozen=True)
class RequirementsTask:
    engine: str
    requires: Requirements
    #: Variables of the engine's processes, over those of Ray.
    driver: dict[str, str]


@dataclass(frozen=True)
class Lacking:
    """`None`: the node's image holds all that the engine needs."""

    problem: str | None


@dataclass(frozen=True)
class KeptTable:
    """Of the rank table at the planned path; `None`: there is none."""

    checksum: str | None


def handlers(
    config: NodeConfig,
    node: str,
    address: str,
    environment: Mapping[str, str],
    root: str = "/",
) -> Handlers:
    """By kind of task. `environment` is that of Ray on this node."""

    def pings(body: dict[str, Any]) -> Any:
        targets = [plain.decode(PingTarget, item) for item in body["targets"]]
        return plain.encode(npu_pings.run(targets, npu_tools.find(root)))

    return {
        FACTS: lambda body: plain.encode(
            preflight_facts.gather(config, plain.decode(FactsTask, body).memory_share, node, address, root)
        ),
        PINGS: pings,
        PAIR: lambda body: plain.encode(_pair(plain.decode(PairTask, body), environment)),
        FOLDER: lambda body: plain.encode(shared_folder.perform(plain.decode(FolderTask, body), root)),
        RANK_TABLE: lambda body: plain.encode(_keep_table(plain.decode(TableTask, body, None), root)),
        REQUIREMENTS: lambda body: plain.encode(_lacking(plain.decode(RequirementsTask, body), environment)),
    }


def _keep_table(task: TableTask, root: str) -> KeptTable:
    """Write the head's table."""
    path = root.rstrip("/") + task.path
    # HCCL reads it as whoever runs the engine; nothing in it is secret.
    whole_file.write(path, task.text)
    return KeptTable(rank_table.checksum_of(path))


def _lacking(task: RequirementsTask, environment: Mapping[str, str]) -> Lacking:
    variables = node_environment.over(environment, task.driver)
    return Lacking(requirements.lacking(task.engine, task.requires, variables))


def _pair(task: PairTask, environment: Mapping[str, str]) -> PairSide:
    argv = [
        *(sys.executable, "-m", "ray_node.preflight.collective_pair", "--rank", str(task.rank)),
        *("--rendezvous", task.rendezvous, "--backend", task.backend, "--timeout", str(PAIR_SECONDS)),
    ]
    # NCCL's log says which network it took; nothing else does.
    added = {"NCCL_DEBUG": "INFO", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    limit = PAIR_SECONDS + _PAIR_MARGIN_SECONDS
    answer = tool.ask(argv, limit, {**environment, **added})
    if answer.code == tool.TIMED_OUT:
        return PairSide(f"did not end within {limit:.0f} s", 0.0, task.backend, None)
    network = collective_pair.transport(answer.text)
    for line in reversed(answer.text.splitlines()):
        if line.startswith('{"error"'):
            said = json_input.read(line.encode())
            return PairSide(said["error"], float(said["seconds"]), task.backend, network)
    words = " ".join(answer.text.split())[-300:]
    return PairSide(f"ended with code {answer.code}: {words}", 0.0, task.backend, network)
