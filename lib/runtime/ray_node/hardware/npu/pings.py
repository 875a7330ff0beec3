"""Pings between the NPUs of different nodes: every device its counterpart on every other node."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ray_node.hardware.finding import Finding
from ray_node.hardware.npu import answers as npu_answers
from ray_node.hardware.npu.checks import NodeBoard, pods_of
from ray_node.hardware.npu.facts import A3, NpuFacts
from ray_node.hardware.npu.tools import NpuTools

_AT_ONCE = 4
#: What one takes at most where something answers: three packets, a second apart.
_PING_SECONDS = 3.0
_CHECK = "ping"
#: Losses that are told one by one.
_TOLD = 32


@dataclass(frozen=True)
class PingTarget:
    device: int
    #: What hccn_tool calls the device.
    asked: int
    #: The other node's name.
    peer: str
    address: str
    #: Arguments of hccn_tool.
    question: tuple[str, ...]


@dataclass(frozen=True)
class PingResult:
    target: PingTarget
    #: Per cent; `None`: the tool did not say.
    loss: float | None
    words: str


@dataclass(frozen=True)
class PingSummary:
    """What a node tells the head: how many it sent, and those that lost something."""

    sent: int
    lost: tuple[PingResult, ...]


def targets(own: NodeBoard, boards: Sequence[NodeBoard]) -> tuple[PingTarget, ...]:
    """What the devices of `own` have to reach. A device without an address has failed already."""
    pod = {board.node: name for name, members in pods_of(list(boards)).items() for board in members}
    found = []
    for other in boards:
        if other.node == own.node:
            continue
        same_pod = own.facts.board == A3 and pod.get(own.node) == pod.get(other.node)
        for device in other.facts.devices[: len(own.facts.devices)]:
            asking = own.facts.devices[device.device]
            target = _target(asking, device, other.node, same_pod)
            if target is not None and asking.present:
                found.append(target)
    return tuple(found)


def _target(asking: NpuFacts, device: NpuFacts, peer: str, same_pod: bool) -> PingTarget | None:
    way: tuple[str, ...] = ("-ping", "-g", "address")
    address = device.address
    if same_pod:
        way, address = ("-hccs_ping", "-g", "address"), device.vnic
    elif address is None:
        way, address = ("-ping", "-inet6", "-g", "ipv6_address"), device.address6
    if address is None:
        return None
    return PingTarget(asking.number, asking.tool_number, peer, address, (*way, address))


def longest_seconds(count: int) -> float:
    """How long a node may need for that many pings."""
    return -(-count // _AT_ONCE) * _PING_SECONDS


def run(given: Sequence[PingTarget], tools: NpuTools) -> PingSummary:
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        results = list(pool.map(lambda target: _ping(target, tools), given))
    lost = [result for result in results if result.loss is None or result.loss > 0]
    return PingSummary(len(results), tuple(lost[:_TOLD]))


def _ping(target: PingTarget, tools: NpuTools) -> PingResult:
    answer = tools.hccn(target.asked, *target.question)
    return PingResult(target, npu_answers.packet_loss(answer.text), answer.line)


def judge(board: NodeBoard, summary: PingSummary, tolerated: Collection[str] = ()) -> list[Finding]:
    findings = [_failure(board, result, _CHECK in tolerated) for result in summary.lost]
    if summary.sent and not summary.lost:
        seen = f"{summary.sent} of {summary.sent} counterparts answer without loss"
        findings.append(board.subject().ok(_CHECK, seen))
    return findings


def _failure(board: NodeBoard, result: PingResult, tolerated: bool) -> Finding:
    target = result.target
    to = f"{target.address} (NPU {target.device} of {target.peer})"
    seen = f"{result.loss:.2f}% packet loss to {to}" if result.loss is not None else f"{to}: {result.words}"
    command = " ".join(("hccn_tool", "-i", str(target.asked), *target.question))
    fix = f"see {command}; check route, mask and VLAN between the two devices"
    return board.subject(target.device).wrong(_CHECK, seen, fix, tolerated)
