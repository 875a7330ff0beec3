"""Answers of `nvidia-smi` in the form that the tool prints, cut to the sections around those that are read.

Form: of `-q` on an A10 with driver 550 (leptonai/gpud, e2e/mock/nvidia-smi/test_data.go), with processes on
drivers 535 and 580 (public logs; the newer one has a wider column), of `-L` with MIG devices NVIDIA's MIG
user guide. The values are those of an H100 80GB.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Gpu:
    used: int = 1
    total: int = 81559
    reserved: int = 481
    mig: str = "Disabled"
    fabric: tuple[str, str] = ("Completed", "Success")
    #: Id, type, name, MiB.
    processes: Sequence[tuple[int, str, str, int | None]] = field(default=())
    uncorrectable: str = "0"
    remapping_failed: str = "No"
    reset: str = "No"
    #: Drivers from R570 on say it.
    recovery: str | None = None
    slowdown: str = "Not Active"
    lanes: str = "16x"


def listing(gpus: Sequence[Gpu]) -> str:
    lines = []
    for index, gpu in enumerate(gpus):
        lines.append(f"GPU {index}: NVIDIA H100 80GB HBM3 (UUID: GPU-{index})")
        if gpu.mig == "Enabled":
            lines += [f"  MIG 3g.40gb     Device  {part}: (UUID: MIG-{index}-{part})" for part in range(2)]
    return "\n".join(lines) + "\n"


def query(gpus: Sequence[Gpu], column: int = 34) -> str:
    """`column`: where the colons stand, less the spaces before them."""

    def row(depth: int, name: str, value: object) -> str:
        return f"{'    ' * depth}{name}".ljust(column + 8) + f": {value}"

    lines = ["", "==============NVSMI LOG==============", ""]
    lines += [row(0, "Timestamp", "Wed Jan 22 04:28:41 2025"), row(0, "Driver Version", "570.133.20")]
    lines += [row(0, "CUDA Version", "12.8"), "", row(0, "Attached GPUs", len(gpus))]
    for index, gpu in enumerate(gpus):
        lines += [f"GPU 00000000:{index + 15:02X}:00.0", row(1, "Product Name", "NVIDIA H100 80GB HBM3")]
        lines += ["    MIG Mode", row(2, "Current", gpu.mig), row(2, "Pending", gpu.mig)]
        lines += ["    GPU Reset Status", row(2, "Reset Required", gpu.reset)]
        lines += [row(2, "Drain and Reset Recommended", "No")]
        lines += [row(1, "GPU Recovery Action", gpu.recovery)] if gpu.recovery else []
        lines += ["    PCI", row(2, "Bus", f"0x{index + 15:02X}"), "        GPU Link Info"]
        lines += ["            Link Width", row(4, "Max", "16x"), row(4, "Current", gpu.lanes)]
        lines += ["    Clocks Event Reasons", row(2, "Idle", "Active"), row(2, "SW Power Cap", "Active")]
        lines += [row(2, "HW Slowdown", gpu.slowdown), row(3, "HW Power Brake Slowdown", gpu.slowdown)]
        free = gpu.total - gpu.reserved - gpu.used
        lines += ["    FB Memory Usage", row(2, "Total", f"{gpu.total} MiB")]
        lines += [row(2, "Reserved", f"{gpu.reserved} MiB"), row(2, "Used", f"{gpu.used} MiB")]
        lines += [row(2, "Free", f"{free} MiB")]
        lines += ["    BAR1 Memory Usage", row(2, "Total", "131072 MiB"), row(2, "Used", "1 MiB")]
        lines += ["    ECC Errors", "        Volatile", row(3, "SRAM Correctable", "0")]
        lines += [row(3, "DRAM Uncorrectable", gpu.uncorrectable), "        Aggregate"]
        lines += [row(3, "DRAM Uncorrectable", "7")]
        lines += ["    Remapped Rows", row(2, "Pending", "No")]
        lines += [row(2, "Remapping Failure Occurred", gpu.remapping_failed)]
        state, status = gpu.fabric
        lines += ["    Fabric", row(2, "State", state), row(2, "Status", status), row(2, "CliqueId", "0")]
        if not gpu.processes:
            lines += [row(1, "Processes", "None")]
        else:
            lines += ["    Processes"]
        for process, kind, name, memory in gpu.processes:
            used = "Not available in WDDM driver model" if memory is None else f"{memory} MiB"
            lines += [row(2, "GPU instance ID", "N/A"), row(2, "Compute instance ID", "N/A")]
            lines += [row(2, "Process ID", process), row(3, "Type", kind), row(3, "Name", name)]
            lines += [row(3, "Used GPU Memory", used)]
        lines += [""]
    return "\n".join(lines)
