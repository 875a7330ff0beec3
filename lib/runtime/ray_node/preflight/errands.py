"""What a node does for the preflight: say its facts, ping, try a collective, keep the rank table."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from ray_node.channel import plain
from ray_node.channel.errand_runner import Handlers
from ray_node.config.load import NodeConfig
from ray_node.config.preflight_config import PreflightConfig
from ray_node.hardware.npu import pings as npu_pings
from ray_node.hardware.npu import rank_table
from ray_node.hardware.npu import tools as npu_tools
from ray_node.hardware.npu.pings import PingTarget
from ray_node.host import tool
from ray_node.preflight import collective_pair
from ray_node.preflight import facts as preflight_facts
from ray_node.preflight.collective_pair import PairSide

FACTS = "facts"
PINGS = "pings"
PAIR = "pair"
RANK_TABLE = "rank-table"

#: Beyond the collective's own timeout: PyTorch takes some seconds to load.
_PAIR_MARGIN_SECONDS = 60.0
PAIR_SECONDS = 60.0


def handlers(
    config: NodeConfig,
    wanted: PreflightConfig,
    node: str,
    address: str,
    environment: Mapping[str, str],
    root: str = "/",
) -> Handlers:
    """By kind of errand. `environment` is that of Ray on this node."""

    def facts(_: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = plain.encode(preflight_facts.gather(config, wanted, node, address, root))
        return found

    def pings(body: dict[str, Any]) -> dict[str, Any]:
        targets = [plain.decode(PingTarget, item) for item in body["targets"]]
        found: dict[str, Any] = plain.encode(npu_pings.run(targets, npu_tools.find(root)))
        return found

    def pair(body: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = plain.encode(
            _pair(int(body["rank"]), str(body["rendezvous"]), str(body["backend"]), environment)
        )
        return found

    def table(body: dict[str, Any]) -> dict[str, Any]:
        if wanted.rank_table is None:
            raise ValueError("the plan of this node has no rank table")
        path = root.rstrip("/") + wanted.rank_table.path
        rank_table.write(path, str(body["text"]))
        return {"checksum": rank_table.checksum_of(path)}

    return {FACTS: facts, PINGS: pings, PAIR: pair, RANK_TABLE: table}


def _pair(rank: int, rendezvous: str, backend: str, environment: Mapping[str, str]) -> PairSide:
    argv = [
        *(sys.executable, "-m", "ray_node.preflight.collective_pair", "--rank", str(rank)),
        *("--rendezvous", rendezvous, "--backend", backend, "--timeout", str(PAIR_SECONDS)),
    ]
    # NCCL's log says which network it took; nothing else does.
    added = {"NCCL_DEBUG": "INFO", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    limit = PAIR_SECONDS + _PAIR_MARGIN_SECONDS
    answer = tool.ask(argv, limit, {**environment, **added})
    if answer.code == tool.TIMED_OUT:
        return PairSide(f"no end within {limit:.0f} s", 0.0, backend, None)
    network = collective_pair.transport(answer.text)
    for line in reversed(answer.text.splitlines()):
        if line.startswith('{"error"'):
            said = json.loads(line)
            return PairSide(said["error"], float(said["seconds"]), backend, network)
    words = " ".join(answer.text.split())[-300:]
    return PairSide(f"ended with code {answer.code}: {words}", 0.0, backend, network)
