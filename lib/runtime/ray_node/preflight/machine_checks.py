"""The machine's checks on one node alone: its NPUs, fabric, GPUs, and pings to peers that the plan names."""

import contextlib

from ray_node.config.preflight_config import PreflightConfig, RankTableConfig
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import nothing
from ray_node.hardware.finding import PreflightReport
from ray_node.hardware.npu import pings as npu_pings
from ray_node.hardware.npu import tools as npu_tools
from ray_node.hardware.npu.checks import NodeBoard
from ray_node.hardware.npu.facts import A3, BoardFacts, NpuFacts
from ray_node.host import json_input
from ray_node.preflight import facts as preflight_facts
from ray_node.preflight import judge as preflight_judge


def run(config: NodeConfig, name: str, address: str, root: str = "/") -> PreflightReport:
    """Everything that needs no other node's word. Peers are known from the inventory or a rank table."""
    workload = config.workload or nothing(config.cluster)
    wanted = workload.preflight_on(config.preflight)
    facts = preflight_facts.gather(config, wanted.memory_share, name, address, root)
    pings = {}
    if facts.board is not None:
        own = NodeBoard(name, address, facts.board)
        boards = [own, *_peers(wanted, address, facts.board, root)]
        targets = npu_pings.targets(own, boards)
        if targets:
            pings[name] = npu_pings.run(targets, npu_tools.find(root))
    return preflight_judge.judge(wanted, [facts], pings)


def _peers(wanted: PreflightConfig, own: str, board: BoardFacts, root: str) -> list[NodeBoard]:
    """Other nodes as far as their devices' addresses are known here. On A3 only they themselves know."""
    if board.board == A3:
        return []
    known = dict(wanted.device_ips) or _of_table(wanted.rank_table, root)
    return [
        NodeBoard(address, address, _facts(board, addresses))
        for address, addresses in known.items()
        if address != own
    ]


def _facts(board: BoardFacts, addresses: tuple[str, ...]) -> BoardFacts:
    devices = tuple(
        NpuFacts(
            device,
            present=True,
            address=None if ":" in address else address,
            address6=address if ":" in address else None,
        )
        for device, address in enumerate(addresses)
    )
    return BoardFacts(board.board, None, None, False, devices)


def _of_table(planned: RankTableConfig | None, root: str) -> dict[str, tuple[str, ...]]:
    """From the table that an earlier start has left here."""
    if planned is None:
        return {}
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        servers = json_input.read_file(root.rstrip("/") + planned.path)["server_list"]
        return {
            server["server_id"]: tuple(
                device["device_ip"] for device in server["device"] if "device_ip" in device
            )
            for server in servers
        }
    return {}
