"""What a node says of its RDMA fabric: the choice made from sysfs, device files, memory it may lock."""

import os
import resource
from dataclasses import dataclass

from ray_node.hardware.finding import FAILED, OK, WARNING, Finding
from ray_node.hardware.rdma import choice as rdma_choice
from ray_node.hardware.rdma import sysfs as rdma_sysfs
from ray_node.hardware.rdma.choice import RdmaChoice

_DEVICES = "/dev/infiniband"


@dataclass(frozen=True)
class RdmaFacts:
    fabric: str
    choice: RdmaChoice
    #: `uverbs0`, `rdma_cm`, ...: what this container was given.
    device_files: tuple[str, ...]
    #: Bytes; -1: unlimited.
    memlock: int


def gather(fabric: str, subnet: str, sysfs: str = rdma_sysfs.SYSFS, devices: str = _DEVICES) -> RdmaFacts:
    try:
        files = tuple(sorted(os.listdir(devices)))
    except OSError:
        files = ()
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    memlock = -1 if soft == resource.RLIM_INFINITY else soft
    return RdmaFacts(fabric, rdma_choice.choose(fabric, rdma_sysfs.ports(sysfs), subnet), files, memlock)


def judge(node: str, address: str, facts: RdmaFacts) -> list[Finding]:
    """A declared fabric that is not there is a failure with its reason."""

    def finding(check: str, outcome: str, seen: str, fix: str = "") -> Finding:
        return Finding(node, address, None, check, outcome, seen, fix)

    choice = facts.choice
    findings = []
    if choice.problem is not None:
        findings.append(finding(f"fabric {facts.fabric}", FAILED, choice.problem, choice.fix))
    else:
        gid = "" if choice.gid_index is None else f", GID index {choice.gid_index}"
        findings.append(finding(f"fabric {facts.fabric}", OK, f"{', '.join(choice.ports)}{gid}"))
    for warning in choice.warnings:
        findings.append(finding(f"fabric {facts.fabric}", WARNING, warning, "look at ibstat and the cabling"))
    if not any(name.startswith("uverbs") for name in facts.device_files):
        findings.append(
            finding(
                "device files",
                FAILED,
                f"no uverbs in {_DEVICES}: {', '.join(facts.device_files) or 'nothing there'}",
                f"load ib_uverbs on the host; the container is given {_DEVICES}",
            )
        )
    else:
        findings.append(finding("device files", OK, ", ".join(facts.device_files)))
    if facts.memlock != -1:
        findings.append(
            finding(
                "memlock",
                FAILED,
                f"{facts.memlock >> 10} KiB may be locked, not unlimited",
                "give the container ulimit memlock=-1, and Docker LimitMEMLOCK=infinity",
            )
        )
    else:
        findings.append(finding("memlock", OK, "unlimited"))
    return findings
