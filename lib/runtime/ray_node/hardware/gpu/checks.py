"""Judges what `nvidia-smi` said of a node. Pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from ray_node.hardware.finding import Finding, Subject
from ray_node.hardware.gpu.answers import GpuState
from ray_node.hardware.gpu.facts import GpuFacts, has_room
from ray_node.host import versions

FABRIC_READY = "Completed, Success"

#: What `nvidia-smi` says instead of an answer, and what to do.
#: NVIDIA/nvidia-container-toolkit#394, #171 (versions), #48 (Unknown Error), #33 (SELinux).
_SILENCES = (
    ("version mismatch", "the driver was updated and the kernel runs the old one: reboot the host"),
    (
        "communicate with the NVIDIA driver",
        "the driver's kernel module is not loaded, often since the kernel was updated: dkms status and "
        "modprobe nvidia on the host",
    ),
    ("device handle", "a GPU does not answer: see dmesg (NVRM, Xid) on the host; power it off and on"),
    (
        "NVML: Unknown Error",
        "the container has lost its devices (systemctl daemon-reload does that with the cgroup driver "
        "systemd): restart the container; with native.cgroupdriver=cgroupfs in daemon.json it keeps them",
    ),
    (
        "Insufficient Permissions",
        "SELinux closes the GPUs to containers: ipc: IpcMode.HOST, with which Docker sets no labels",
    ),
)
_NO_DRIVER = "install the driver and the NVIDIA container toolkit on the host"


@dataclass(frozen=True)
class GpuRules:
    """What the plan says."""

    planned: int
    #: Of each GPU's memory, what the engine takes when it starts.
    memory_share: float
    #: Oldest driver, e.g. `580`, that runs the CUDA of the image; `None`: not known.
    minimum_driver: str | None = None
    #: Checks whose failures are warnings, by name.
    tolerated: Collection[str] = ()


def judge(node: Subject, facts: GpuFacts, rules: GpuRules) -> list[Finding]:
    if facts.trouble is not None:
        fix = next((fix for words, fix in _SILENCES if words in facts.trouble), _NO_DRIVER)
        on_bus = "" if facts.on_bus is None else f"; {facts.on_bus} GPUs are on the PCI bus"
        return [node.failed("gpu", f"nvidia-smi: {facts.trouble}{on_bus}", fix)]
    findings = []
    count = f"{len(facts.gpus)} of {rules.planned} GPUs"
    if len(facts.gpus) < rules.planned:
        findings.append(_missing(node, count, facts, rules))
    else:
        findings.append(node.ok("gpu", f"{count}, driver {facts.driver}"))
    findings.extend(_driver(node, facts.driver, rules))
    for check in (_fabric, _mig, _memory, _health):
        broken = [
            finding
            for index, state in ((facts.number(at), state) for at, state in enumerate(facts.states))
            for finding in check(replace(node, device=f"GPU {index}"), index, state, rules)
        ]
        findings.extend(broken)
    findings.extend(_peers(node, facts, rules))
    ready = [state.fabric for state in facts.states if state.fabric is not None]
    if ready and all(state in ("N/A", FABRIC_READY) for state in ready):
        findings.append(node.ok("fabric manager", ready[0]))
    return findings


def _peers(node: Subject, facts: GpuFacts, rules: GpuRules) -> Iterator[Finding]:
    """Peer-to-peer over PCIe; whatever has NVSwitch does without."""
    if rules.planned < 2 or not facts.is_translated:
        return
    if any(state.fabric not in (None, "N/A") for state in facts.states):
        return
    seen = "the IOMMU translates what GPUs send one another over PCIe; without NVLink, NCCL may hang"
    fix = (
        "boot the host with iommu=pt and switch off ACS in its firmware; or set NCCL_P2P_DISABLE=1 in "
        "environment, which is slower"
    )
    yield node.warning("gpu peers", seen, fix)


def _missing(node: Subject, count: str, facts: GpuFacts, rules: GpuRules) -> Finding:
    """The bus tells a GPU that is not there from one that the driver has lost."""
    fix = "see nvidia-smi -L and dmesg (Xid) on the host: a GPU may have fallen off the bus"
    if facts.on_bus is None:
        return node.failed("gpu", count, fix)
    if facts.on_bus < rules.planned:
        fix = (
            "see lspci -d 10de: on the host; a power cycle may bring it back, else it has to be reseated or "
            "exchanged, or the virtual machine given all of its GPUs"
        )
    elif facts.on_bus > len(facts.gpus):
        fix = "the driver has not taken all of them: see dmesg (Xid, NVRM) on the host; reboot it"
    return node.failed("gpu", f"{count}, {facts.on_bus} on the PCI bus", fix)


def _driver(node: Subject, found: str | None, rules: GpuRules) -> Iterator[Finding]:
    check = "gpu driver"
    if rules.minimum_driver is None or found is None:
        return
    if versions.is_at_least(found, rules.minimum_driver):
        yield node.ok(check, f"{found}, the image needs {rules.minimum_driver}")
        return
    seen = f"the driver is {found}, the CUDA of the image needs {rules.minimum_driver} or newer"
    fix = "update the driver on the host, or use an image for an older CUDA"
    yield node.wrong(check, seen, fix, check in rules.tolerated)


def _fabric(gpu: Subject, index: int, state: GpuState, rules: GpuRules) -> Iterator[Finding]:
    if state.fabric in (None, "N/A", FABRIC_READY):
        return
    fix = (
        "start nvidia-fabricmanager of the driver's version on the host and wait for Completed "
        "(CUDA says error 802 before)"
    )
    yield gpu.failed("fabric manager", f"NVSwitch fabric: {state.fabric}", fix)


def _mig(gpu: Subject, index: int, state: GpuState, rules: GpuRules) -> Iterator[Finding]:
    if state.mig == "Enabled":
        seen = "MIG mode is enabled: a process sees one slice of the GPU, and there is no peer-to-peer"
        fix = f"on the host: nvidia-smi -i {index} -mig 0, then reset the GPU or reboot"
        yield gpu.failed("gpu mig", seen, fix)


def _memory(gpu: Subject, index: int, state: GpuState, rules: GpuRules) -> Iterator[Finding]:
    check = "gpu memory"
    if state.mig == "Enabled":
        return
    computing = [process for process in state.processes if "C" in process.kind]
    # A process of another container has no name here, or does not show at all.
    holders = ", ".join(str(process) for process in state.processes) or "a process of another container"
    if not has_room(state, rules.memory_share):
        total = (state.used_mib or 0) + (state.free_mib or 0)
        seen = (
            f"{state.free_mib} of {total} MiB are free, the engine takes {rules.memory_share:.0%}: "
            f"held by {holders}"
        )
        fix = (
            "on the host, see nvidia-smi and docker ps, and end what holds it; or lower the engine's share "
            "of the memory"
        )
        yield gpu.wrong(check, seen, fix, check in rules.tolerated)
    elif computing:
        fix = "end it if it is not meant to share this GPU with the cluster"
        yield gpu.warning(check, f"in use by {holders}", fix)


def _health(gpu: Subject, index: int, state: GpuState, rules: GpuRules) -> Iterator[Finding]:
    check = "gpu health"
    if state.recovery is not None:
        seen = f"after a fault the driver asks for: {state.recovery}"
        fix = f"on the host, see dmesg (Xid); nvidia-smi -i {index} -r, or reboot"
        yield gpu.wrong(check, seen, fix, check in rules.tolerated)
    if state.remapping_failed:
        seen = "a defective row of its memory could not be replaced"
        fix = "run the vendor's diagnosis; the GPU may have to be exchanged"
        yield gpu.wrong(check, seen, fix, check in rules.tolerated)
    if state.uncorrectable > 0:
        seen = f"{state.uncorrectable} ECC errors that could not be corrected since the driver was loaded"
        yield gpu.warning(
            check, seen, f"on the host, see dmesg (Xid); reset the GPU: nvidia-smi -i {index} -r"
        )
    if state.slowdowns:
        fix = "look at cooling and power supply; the slowest GPU sets the pace of all"
        yield gpu.warning(check, f"the clocks are held down: {', '.join(state.slowdowns)}", fix)
    if state.link_width is not None and state.link_width[0] != state.link_width[1]:
        seen = f"PCIe runs with {state.link_width[0]} of {state.link_width[1]} lanes"
        yield gpu.warning(check, seen, "reseat the GPU or look at its slot and riser")
