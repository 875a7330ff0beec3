"""What a node says of its RDMA fabric: the choice made from sysfs, device files, memory it may lock."""

import os
import resource
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ray_node.hardware import pci
from ray_node.hardware.finding import Finding, Subject
from ray_node.hardware.pci import PciDevice
from ray_node.hardware.rdma import choice as rdma_choice
from ray_node.hardware.rdma import sysfs as rdma_sysfs
from ray_node.hardware.rdma.choice import RdmaChoice

_DEVICES = "/dev/infiniband"
ADAPTERS = "rdma adapters"
#: A single adapter is far from some GPUs in every machine with two processors.
_SEVERAL = 2


@dataclass(frozen=True)
class RdmaFacts:
    fabric: str
    choice: RdmaChoice
    #: `uverbs0`, `rdma_cm`, ...: what this container was given.
    device_files: tuple[str, ...]
    #: Bytes; -1: unlimited.
    memlock: int
    #: NUMA nodes: of the adapters that are used, by their names, and of the GPUs, by PCI address.
    adapter_nodes: dict[str, int] = field(default_factory=dict)
    gpu_nodes: dict[str, int] = field(default_factory=dict)


def gather(
    fabric: str, subnet: str, named: str | None = None, sysfs: str = rdma_sysfs.SYSFS, devices: str = _DEVICES
) -> RdmaFacts:
    try:
        files = tuple(sorted(os.listdir(devices)))
    except OSError:
        files = ()
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    memlock = -1 if soft == resource.RLIM_INFINITY else soft
    choice = rdma_choice.choose(fabric, rdma_sysfs.ports(sysfs), subnet, named)
    adapters = {port.partition(":")[0] for port in choice.ports}
    return RdmaFacts(
        fabric,
        choice,
        files,
        memlock,
        _nodes({name: pci.adapter(name, sysfs) for name in sorted(adapters)}),
        _nodes({gpu.address: gpu for gpu in pci.gpus(sysfs)}),
    )


def _nodes(devices: Mapping[str, PciDevice]) -> dict[str, int]:
    return {name: device.numa for name, device in devices.items() if device.numa is not None}


def judge(node: Subject, facts: RdmaFacts, tolerated: Collection[str] = ()) -> list[Finding]:
    """A declared fabric that is not there is a failure with its reason."""
    choice, fabric = facts.choice, f"fabric {facts.fabric}"
    findings = []
    if choice.problem is not None:
        findings.append(node.failed(fabric, choice.problem, choice.fix))
    else:
        gid = "" if choice.gid_index is None else f", GID index {choice.gid_index}"
        if choice.gid_index is None and facts.fabric == rdma_choice.ROCE_FABRIC:
            gid = ", GID indices differ and are left to NCCL (2.21 or newer)"
        findings.append(node.ok(fabric, f"{', '.join(choice.ports)}{gid}"))
    for reason in choice.unused:
        fix = "correct it, or name the adapters of the fabric: NCCL_IB_HCA in the cluster's environment"
        seen = f"active and not usable: {reason}"
        findings.append(node.wrong(ADAPTERS, seen, fix, ADAPTERS in tolerated))
    for warning in choice.warnings:
        findings.append(node.warning(fabric, warning, "look at ibstat and the cabling"))
    files = ", ".join(facts.device_files)
    if any(name.startswith("uverbs") for name in facts.device_files):
        findings.append(node.ok("device files", files))
    else:
        fix = f"load ib_uverbs on the host; the container is given {_DEVICES}"
        seen = f"no uverbs in {_DEVICES}: {files or 'nothing there'}"
        findings.append(node.failed("device files", seen, fix))
    if facts.memlock == -1:
        findings.append(node.ok("memlock", "unlimited"))
    else:
        fix = "give the container ulimit memlock=-1, and Docker LimitMEMLOCK=infinity"
        findings.append(
            node.failed("memlock", f"{facts.memlock >> 10} KiB may be locked, not unlimited", fix)
        )
    findings.extend(_neighbourhood(node, facts))
    return findings


def _neighbourhood(node: Subject, facts: RdmaFacts) -> Iterator[Finding]:
    """With several adapters, each GPU has one on its own side of the machine."""
    check = "rdma neighbourhood"
    if len(facts.adapter_nodes) < _SEVERAL or not facts.gpu_nodes:
        return
    served = set(facts.adapter_nodes.values())
    far = [gpu for gpu, numa in facts.gpu_nodes.items() if numa not in served]
    if not far:
        yield node.ok(check, f"each of {len(facts.gpu_nodes)} GPUs has an adapter on its NUMA node")
        return
    where = ", ".join(f"{name} on node {numa}" for name, numa in facts.adapter_nodes.items())
    count = f"{len(far)} of {len(facts.gpu_nodes)} GPUs"
    seen = f"{count} have no adapter on their NUMA node: {', '.join(far)}; {where}"
    fix = "see nvidia-smi topo -m; name adapters on all nodes of the machine (NCCL_IB_HCA), or move the cards"
    yield node.warning(check, seen, fix)
