"""The rank table of the cluster, from what the nodes found, and whether every node keeps the same. Pure."""

from collections.abc import Mapping, Sequence

from ray_node.config.preflight_config import RankTableConfig
from ray_node.hardware.finding import FAILED, OK, Finding
from ray_node.hardware.npu import rank_table
from ray_node.hardware.npu.boards import A3
from ray_node.hardware.npu.facts import BoardFacts
from ray_node.hardware.npu.rank_table import BadRankTable, TableDevice, TableInput, TableServer
from ray_node.preflight.facts import NodeFacts


def make(planned: RankTableConfig, facts: Sequence[NodeFacts]) -> tuple[str | None, list[Finding]]:
    """The table's text, or why there is none. A table of the plan is compared with what was found, too."""
    if planned.checksum is not None and all(node.board is None for node in facts):
        # Emulated devices cannot contradict the plan.
        return None, []
    servers = tuple(
        _server(node.address, node.board, planned.version) for node in facts if node.board is not None
    )
    try:
        text = rank_table.text(TableInput(planned.version, planned.device_port, servers))
    except BadRankTable as bad:
        return None, [_finding(facts[0], FAILED, str(problem), problem.fix) for problem in bad.problems]
    if planned.checksum is not None and rank_table.checksum(text) != planned.checksum:
        seen = "the table of the plan is not the one that the nodes' devices give"
        fix = "correct deviceIps in the inventory, or leave them out: the nodes gather them"
        return None, [_finding(facts[0], FAILED, seen, fix)]
    return text, []


def compare(
    planned: RankTableConfig,
    nodes: Sequence[NodeFacts],
    kept: Mapping[str, object],
    expected: str,
) -> list[Finding]:
    """Every node has the same bytes at the same path."""
    findings = []
    for node in nodes:
        found = kept.get(node.address)
        if found == expected:
            findings.append(_finding(node, OK, f"{planned.path}, sha256 {expected[:12]}"))
            continue
        seen = f"{planned.path} has sha256 {str(found)[:12]}, the cluster's has {expected[:12]}"
        if found is None:
            seen = f"{planned.path} cannot be read"
        findings.append(_finding(node, FAILED, seen, "look at who else writes the file on this node"))
    return findings


def _server(address: str, board: BoardFacts, version: str) -> TableServer:
    pods = version == rank_table.VERSION_SUPER_POD
    devices = tuple(
        TableDevice(
            device.device,
            device.address or device.address6,
            device.super_device if pods else None,
        )
        for device in board.devices
    )
    pod = next((device.super_pod for device in board.devices if device.super_pod is not None), None)
    return TableServer(address, devices, address if board.board == A3 else None, pod if pods else None)


def _finding(node: NodeFacts, outcome: str, seen: str, fix: str = "") -> Finding:
    return Finding(node.node, node.address, None, "rank table", outcome, seen, fix)
