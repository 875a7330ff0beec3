"""What `nvidia-smi` says of a node: its driver and its GPUs, gathered and sent to the head as data."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from ray_node.hardware import pci
from ray_node.hardware.gpu import answers as gpu_answers
from ray_node.hardware.gpu.answers import GpuState
from ray_node.host import clock, tool
from ray_node.host.tool import Answer

_TIMEOUT_SECONDS = 60.0
#: The driver gives memory back some seconds after the process that held it has ended.
_RELEASE_SECONDS = 30.0
_RELEASE_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class GpuFacts:
    #: Lines of `nvidia-smi -L`.
    gpus: tuple[str, ...]
    driver: str | None
    states: tuple[GpuState, ...]
    trouble: str | None
    #: Of each GPU, as nvidia-smi counts them on the machine; `None`: the same as here.
    chosen: tuple[int, ...] | None = None
    #: GPUs on the PCI bus, whether the driver has them or not; `None`: the bus does not show.
    on_bus: int | None = None
    #: The IOMMU translates what GPUs send one another over PCIe.
    is_translated: bool = False

    def number(self, index: int) -> int:
        return index if self.chosen is None or index >= len(self.chosen) else self.chosen[index]


def gather(
    share: float,
    ask: Callable[[str], Answer] | None = None,
    chosen: tuple[int, ...] | None = None,
    sysfs: str = pci.SYSFS,
) -> GpuFacts:
    """`share` of each GPU's memory is what the engine will take; `ask` runs `nvidia-smi` with an argument."""
    ask = ask or _nvidia_smi
    bus = pci.gpus(sysfs)
    on_bus, translated = len(bus) or None, any(gpu.is_translated for gpu in bus)
    listed = ask("-L")
    if not listed.ok:
        return GpuFacts((), None, (), listed.line, on_bus=on_bus)
    deadline = clock.Deadline(_RELEASE_SECONDS)
    while True:
        queried = ask("-q").text
        states = gpu_answers.states(queried)
        if all(has_room(state, share) for state in states) or deadline.passed:
            found = gpu_answers.listed(listed.text)
            driver = gpu_answers.driver(queried)
            return GpuFacts(found, driver, states, None, chosen, on_bus, translated)
        clock.sleep(_RELEASE_POLL_SECONDS)


def has_room(state: GpuState, share: float) -> bool:
    """What the driver keeps for itself is neither used nor free, and no engine counts it."""
    if state.used_mib is None or state.free_mib is None:
        return True
    return state.free_mib >= share * (state.used_mib + state.free_mib)


def _nvidia_smi(argument: str) -> Answer:
    program = shutil.which("nvidia-smi")
    if program is None:
        return Answer(tool.MISSING, "nvidia-smi is not in this container")
    return tool.ask([program, argument], _TIMEOUT_SECONDS)
