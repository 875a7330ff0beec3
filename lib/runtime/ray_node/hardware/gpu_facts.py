"""What `nvidia-smi` says of a node: driver, GPUs, and whether the NVSwitch fabric is ready."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace

from ray_node.hardware.finding import Finding, Subject
from ray_node.host import tool
from ray_node.host.tool import Answer

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class GpuFacts:
    #: Lines of `nvidia-smi -L`.
    gpus: tuple[str, ...]
    driver: str | None
    #: State and status of each GPU's Fabric section, e.g. `Completed, Success`; `N/A`: no NVSwitch.
    fabric: tuple[str, ...]
    trouble: str | None


def gather(ask: Callable[[str], Answer] | None = None) -> GpuFacts:
    """`ask` runs `nvidia-smi` with an argument."""
    ask = ask or _nvidia_smi
    listed = ask("-L")
    if not listed.ok:
        return GpuFacts((), None, (), listed.line)
    queried = ask("-q").text
    return GpuFacts(parse_list(listed.text), parse_driver(queried), parse_fabric(queried), None)


def parse_list(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if re.match(r"\s*GPU \d+:", line))


def parse_driver(text: str) -> str | None:
    found = re.search(r"^Driver Version\s*:\s*(\S+)", text, re.MULTILINE)
    return found.group(1) if found else None


def parse_fabric(text: str) -> tuple[str, ...]:
    """The section `Fabric` of each GPU in `nvidia-smi -q`; the --query-gpu form is not reliable."""
    found = []
    for section in re.split(r"^ {4}Fabric\s*$", text, flags=re.MULTILINE)[1:]:
        values = dict(re.findall(r"^ {8}(State|Status)\s*:\s*(.+?)\s*$", section, re.MULTILINE)[:2])
        state, status = values.get("State", "?"), values.get("Status", "?")
        found.append("N/A" if state in ("N/A", "Not Supported") else f"{state}, {status}")
    return tuple(found)


def judge(node: Subject, facts: GpuFacts, planned: int) -> list[Finding]:
    if facts.trouble is not None:
        fix = "install the driver and the NVIDIA container toolkit on the host"
        return [node.failed("gpu", f"nvidia-smi: {facts.trouble}", fix)]
    findings = []
    count = f"{len(facts.gpus)} of {planned} GPUs"
    if len(facts.gpus) < planned:
        fix = "see nvidia-smi -L and dmesg (Xid) on the host: a GPU may have fallen off the bus"
        findings.append(node.failed("gpu", count, fix))
    else:
        findings.append(node.ok("gpu", f"{count}, driver {facts.driver}"))
    fix = (
        "start nvidia-fabricmanager of the driver's version on the host and wait for Completed "
        "(CUDA says error 802 before)"
    )
    broken = [
        replace(node, device=f"GPU {index}").failed("fabric manager", f"NVSwitch fabric: {state}", fix)
        for index, state in enumerate(facts.fabric)
        if state not in ("N/A", "Completed, Success")
    ]
    if facts.fabric and not broken:
        findings.append(node.ok("fabric manager", facts.fabric[0]))
    return [*findings, *broken]


def _nvidia_smi(argument: str) -> Answer:
    program = shutil.which("nvidia-smi")
    if program is None:
        return Answer(tool.MISSING, "nvidia-smi is not in this container")
    return tool.ask([program, argument], _TIMEOUT_SECONDS)
