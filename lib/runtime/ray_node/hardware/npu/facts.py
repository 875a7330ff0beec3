"""What a node's NPUs and their network say of themselves, gathered in one go and sent to the head as data."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ray_node.hardware.npu import answers as npu_answers
from ray_node.hardware.npu.boards import A3
from ray_node.hardware.npu.tools import NpuTools
from ray_node.host.tool import Answer

_CONFIGURATION = "etc/hccn.conf"
#: Questions at once: hccn_tool calls itself busy when there are many.
_AT_ONCE = 4


@dataclass(frozen=True)
class NpuFacts:
    """One device. A value is `None` where the tool did not say it; `trouble` then holds the tool's words."""

    device: int
    present: bool
    address: str | None = None
    address6: str | None = None
    vnic: str | None = None
    configured: str | None = None
    link: str | None = None
    health: str | None = None
    neighbour: str | None = None
    netdetect: str | None = None
    gateway: str | None = None
    tls: str | None = None
    super_device: str | None = None
    super_pod: str | None = None
    #: By the name of the check.
    trouble: dict[str, str] | None = None

    def words(self, check: str) -> str:
        return (self.trouble or {}).get(check, "no answer")


@dataclass(frozen=True)
class BoardFacts:
    board: str
    hccn_tool: str | None
    npu_smi: str | None
    configuration_readable: bool
    devices: tuple[NpuFacts, ...]


def gather(board: str, count: int, tools: NpuTools, root: str = "/") -> BoardFacts:
    """Ask about devices 0 to `count` - 1."""
    text: str | None = None
    try:
        with open(os.path.join(root, _CONFIGURATION), encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        text = None
    configured = npu_answers.configured(text or "")
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        devices = list(
            pool.map(lambda device: _device(board, device, configured.get(device), tools, root), range(count))
        )
    return BoardFacts(board, tools.hccn_tool, tools.npu_smi, text is not None, tuple(devices))


def _device(board: str, device: int, configured: str | None, tools: NpuTools, root: str) -> NpuFacts:
    if not os.path.exists(os.path.join(root, "dev", f"davinci{device}")):
        return NpuFacts(device, present=False, configured=configured)
    trouble: dict[str, str] = {}

    def ask(check: str, found: str | None, answer: Answer) -> str | None:
        if found is None:
            trouble[check] = answer.line
        return found

    def hccn(*query: str) -> Answer:
        return tools.hccn(device, *query)

    ip = hccn("-ip", "-g")
    address = npu_answers.address(ip.text) if ip.ok else None
    address6: str | None = None
    if address is None:
        ip6 = hccn("-ip", "-inet6", "-g")
        address6 = npu_answers.address6(ip6.text) if ip6.ok else None
    if address is None and address6 is None:
        trouble["ip"] = ip.line
    vnic = super_device = super_pod = None
    if board == A3:
        answer = hccn("-vnic", "-g")
        vnic = ask("vnic", npu_answers.address(answer.text), answer)
        # Two dies a card: device 5 is chip 1 of card 2.
        answer = tools.super_pod_info(device // 2, device % 2)
        super_device, super_pod, _ = npu_answers.super_pod(answer.text)
        ask("super pod", None if None in (super_device, super_pod) else super_pod, answer)
    values: dict[str, str | None] = {}
    for name, query, read in (
        ("link", "-link", npu_answers.link),
        ("health", "-net_health", npu_answers.health),
        ("neighbour", "-lldp", npu_answers.neighbour),
        ("netdetect", "-netdetect", npu_answers.netdetect),
        ("gateway", "-gateway", npu_answers.gateway),
        ("tls", "-tls", npu_answers.tls_switch),
    ):
        answer = hccn(query, "-g")
        values[name] = ask(name, read(answer.text), answer)
    return NpuFacts(
        device,
        present=True,
        address=address,
        address6=address6,
        vnic=vnic,
        configured=configured,
        super_device=super_device,
        super_pod=super_pod,
        trouble=trouble or None,
        **values,
    )
