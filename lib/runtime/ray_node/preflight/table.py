"""The rank table of the cluster, and whether every node keeps the same one. Pure."""

from collections.abc import Mapping, Sequence

from ray_node.config.preflight_config import RankTableConfig
from ray_node.hardware.finding import Finding
from ray_node.hardware.npu import rank_table
from ray_node.hardware.npu.facts import A3
from ray_node.hardware.npu.rank_table import BadRankTable, TableDevice, TableInput, TableServer
from ray_node.preflight.facts import NodeFacts

_CHECK = "rank table"


def make(
    planned: RankTableConfig, facts: Sequence[NodeFacts], device_ips: Mapping[str, tuple[str, ...]]
) -> tuple[str | None, list[Finding]]:
    """The table's text, or why there is none. `device_ips`: those of the inventory,
    by node; real devices were compared with them before."""
    servers = tuple(_server(node, planned.version, device_ips.get(node.address, ())) for node in facts)
    try:
        text = rank_table.text(TableInput(planned.version, planned.device_port, servers))
    except BadRankTable as bad:
        return None, [facts[0].subject.failed(_CHECK, str(problem), problem.fix) for problem in bad.problems]
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
            findings.append(node.subject.ok(_CHECK, f"{planned.path}, sha256 {expected[:12]}"))
            continue
        seen = f"{planned.path} has sha256 {str(found)[:12]}, the cluster's has {expected[:12]}"
        if found is None:
            seen = f"{planned.path} cannot be read"
        fix = "look at who else writes the file on this node"
        findings.append(node.subject.failed(_CHECK, seen, fix))
    return findings


def _server(node: NodeFacts, version: str, given: tuple[str, ...]) -> TableServer:
    if node.board is None:
        # Emulated devices have no tool to ask.
        addresses = given[: node.planned_accelerators]
        return TableServer(node.address, tuple(TableDevice(at, ip) for at, ip in enumerate(addresses)))
    pods = version == rank_table.VERSION_SUPER_POD
    devices = tuple(
        TableDevice(device.device, device.address or device.address6, device.super_device if pods else None)
        for device in node.board.devices
    )
    pod = next((device.super_pod for device in node.board.devices if device.super_pod is not None), None)
    host = node.address if node.board.board == A3 else None
    return TableServer(node.address, devices, host, pod if pods else None)
