"""What a node's NPUs and their network say of themselves, gathered in one go and sent to the head as data."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from ray_node.hardware import pci
from ray_node.hardware.npu import answers as npu_answers
from ray_node.hardware.npu.answers import NpuProcess
from ray_node.hardware.npu.tools import NpuTools
from ray_node.host import clock, tool
from ray_node.host.tool import Answer

#: The kinds of Ascend boards whose checks differ from those of an A2.
A3 = "a3"
DUO = "300i-duo"

_CONFIGURATION = "etc/hccn.conf"
#: Questions at once: hccn_tool calls itself busy when there are many.
_AT_ONCE = 4
#: The driver lists a process for some seconds after its end.
_RELEASE_SECONDS = 30.0
_RELEASE_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class NpuFacts:
    """One device. A value is `None` where the tool did not say it; `trouble` then holds the tool's words."""

    #: As programs in this container count it, from 0.
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
    #: MiB of the device, as far as npu-smi's table tells them.
    memory_mib: int | None = None
    #: Of the device itself, as the same table says it, e.g. `OK`; `health` is that of its network.
    condition: str | None = None
    processes: tuple[NpuProcess, ...] = ()
    #: By the name of the check.
    trouble: dict[str, str] | None = None
    #: Of its device node, as the machine counts it; `None`: the same.
    chosen: int | None = None
    #: As hccn_tool counts it; `None`: the same as programs.
    asked: int | None = None

    @property
    def number(self) -> int:
        """For people, who look at the machine."""
        return self.device if self.chosen is None else self.chosen

    @property
    def tool_number(self) -> int:
        return self.device if self.asked is None else self.asked

    def words(self, check: str) -> str:
        return (self.trouble or {}).get(check, "no answer")


@dataclass(frozen=True)
class BoardFacts:
    board: str
    hccn_tool: str | None
    npu_smi: str | None
    configuration_readable: bool
    devices: tuple[NpuFacts, ...]
    #: With which npu-smi refuses every question; `None`: it answers.
    refusal: str | None = None
    #: As the table of npu-smi says it, e.g. `25.2.0`.
    driver: str | None = None
    #: NPUs on the PCI bus, whether the driver has them or not; `None`: not known for this board.
    on_bus: int | None = None


def gather(
    board: str, count: int, tools: NpuTools, root: str = "/", chosen: Sequence[int] | None = None
) -> BoardFacts:
    """Ask about devices 0 to `count` - 1, which are `chosen` of the machine's."""
    try:
        with open(os.path.join(root, _CONFIGURATION), encoding="utf-8", errors="replace") as file:
            text: str | None = file.read()
    except OSError:
        text = None
    configured = npu_answers.configured(text or "")
    blank = [
        NpuFacts(device, present=False, chosen=None if chosen is None else chosen[device])
        for device in range(count)
    ]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        devices = list(
            pool.map(
                lambda facts: _device(
                    board, replace(facts, configured=configured.get(facts.number)), tools, root
                ),
                blank,
            )
        )
    answer = _without_late_processes(tools)
    # A missing tool says nothing of the devices.
    refusal = None if answer.ok or answer.code == tool.MISSING else answer.line
    occupied = _occupied(devices, answer.text) if answer.ok else tuple(devices)
    on_bus = None if board == DUO else len(pci.npus(os.path.join(root, "sys"))) or None
    return BoardFacts(
        board,
        tools.hccn_tool,
        tools.npu_smi,
        text is not None,
        occupied,
        refusal,
        npu_answers.driver(answer.text),
        on_bus,
    )


def _without_late_processes(tools: NpuTools) -> Answer:
    deadline = clock.Deadline(_RELEASE_SECONDS)
    answer = tools.table()
    while npu_answers.processes(answer.text) and not deadline.passed:
        clock.sleep(_RELEASE_POLL_SECONDS)
        answer = tools.table()
    return answer


def _occupied(devices: Sequence[NpuFacts], table: str) -> tuple[NpuFacts, ...]:
    """The table names devices by card and chip, in the order of their numbers."""
    chips, processes = npu_answers.chips(table), npu_answers.processes(table)
    return tuple(
        replace(
            device,
            memory_mib=chips[index].memory_mib,
            condition=chips[index].health,
            processes=processes.get(chips[index].name, ()),
        )
        if index < len(chips)
        else device
        for index, device in enumerate(devices)
    )


def _device(board: str, facts: NpuFacts, tools: NpuTools, root: str) -> NpuFacts:
    if not os.path.exists(os.path.join(root, "dev", f"davinci{facts.number}")):
        return facts
    trouble: dict[str, str] = {}
    values: dict[str, Any] = {}
    ip = tools.hccn(facts.device, "-ip", "-g")
    if not ip.ok and facts.number != facts.device:
        # Nothing documents how hccn_tool counts in a container with some of the devices.
        other = tools.hccn(facts.number, "-ip", "-g")
        if other.ok:
            ip, facts = other, replace(facts, asked=facts.number)

    def hccn(*query: str) -> Answer:
        return tools.hccn(facts.tool_number, *query)

    values["address"] = npu_answers.address(ip.text) if ip.ok else None
    if values["address"] is None:
        ip6 = hccn("-ip", "-inet6", "-g")
        values["address6"] = npu_answers.address6(ip6.text) if ip6.ok else None
        if values["address6"] is None:
            trouble["ip"] = ip.line
    if board == A3:
        # Two dies a card: device 5 is chip 1 of card 2.
        answer = tools.super_pod_info(facts.number // 2, facts.number % 2)
        values["super_device"] = npu_answers.super_device(answer.text)
        values["super_pod"] = npu_answers.super_pod(answer.text)
        if None in (values["super_device"], values["super_pod"]):
            trouble["super pod"] = answer.line
    for name, query, read in (
        ("link", "-link", npu_answers.link),
        ("health", "-net_health", npu_answers.health),
        ("neighbour", "-lldp", npu_answers.neighbour),
        ("netdetect", "-netdetect", npu_answers.netdetect),
        ("gateway", "-gateway", npu_answers.gateway),
        ("tls", "-tls", npu_answers.tls_switch),
        *([("vnic", "-vnic", npu_answers.address)] if board == A3 else []),
    ):
        answer = hccn(query, "-g")
        values[name] = read(answer.text)
        if values[name] is None:
            trouble[name] = answer.line
    return replace(facts, present=True, trouble=trouble or None, **values)
