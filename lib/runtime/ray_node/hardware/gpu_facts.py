"""What `nvidia-smi` says of a node: driver, GPUs, and whether the NVSwitch fabric is ready."""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from ray_node.hardware.finding import FAILED, OK, Finding
from ray_node.host import tool

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class GpuFacts:
    #: Lines of `nvidia-smi -L`.
    gpus: tuple[str, ...]
    driver: str | None
    #: State and status of each GPU's Fabric section, e.g. `Completed, Success`; `N/A`: no NVSwitch.
    fabric: tuple[str, ...]
    trouble: str | None


Run = Callable[[list[str]], tuple[int, str]]


def gather(run: Run | None = None) -> GpuFacts:
    ask = run or _nvidia_smi
    code, listed = ask(["-L"])
    if code != 0:
        return GpuFacts((), None, (), " ".join(listed.split())[:200] or f"exit code {code}")
    _, queried = ask(["-q"])
    return GpuFacts(parse_list(listed), parse_driver(queried), parse_fabric(queried), None)


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


def judge(node: str, address: str, facts: GpuFacts, planned: int) -> list[Finding]:
    def finding(check: str, outcome: str, seen: str, fix: str = "", device: str | None = None) -> Finding:
        return Finding(node, address, device, check, outcome, seen, fix)

    if facts.trouble is not None:
        fix = "install the driver and the NVIDIA container toolkit on the host"
        return [finding("gpu", FAILED, f"nvidia-smi: {facts.trouble}", fix)]
    findings = []
    count = f"{len(facts.gpus)} of {planned} GPUs"
    if len(facts.gpus) < planned:
        fix = "see nvidia-smi -L and dmesg (Xid) on the host: a GPU may have fallen off the bus"
        findings.append(finding("gpu", FAILED, count, fix))
    else:
        findings.append(finding("gpu", OK, f"{count}, driver {facts.driver}"))
    for index, state in enumerate(facts.fabric):
        if state not in ("N/A", "Completed, Success"):
            findings.append(
                finding(
                    "fabric manager",
                    FAILED,
                    f"NVSwitch fabric: {state}",
                    "start nvidia-fabricmanager of the driver's version on the host and wait for Completed "
                    "(CUDA says error 802 before)",
                    f"GPU {index}",
                )
            )
    if facts.fabric and not any(item.check == "fabric manager" for item in findings):
        findings.append(finding("fabric manager", OK, facts.fabric[0]))
    return findings


def _nvidia_smi(arguments: list[str]) -> tuple[int, str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return tool.MISSING, "nvidia-smi is not in this container"
    answer = tool.ask([program, *arguments], _TIMEOUT_SECONDS)
    return answer.code, answer.text
