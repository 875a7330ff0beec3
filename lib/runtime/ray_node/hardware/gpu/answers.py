"""What `nvidia-smi -L` and `nvidia-smi -q` print, as values. Pure; `None`: the answer does not hold it.

The text form is read, because its sections are the same on all drivers from R470 on; columns are not, so a
line is what stands before and after its first ` : `.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

#: Clocks that the hardware holds down. A power cap or idling is normal.
_SLOWDOWNS = ("HW Thermal Slowdown", "HW Power Brake Slowdown", "SW Thermal Slowdown")
_INDENT = 4


@dataclass(frozen=True)
class GpuProcess:
    process: int
    #: `C`: computes; `G`: draws; `C+G`.
    kind: str
    name: str
    memory_mib: int | None

    def __str__(self) -> str:
        memory = "" if self.memory_mib is None else f", {self.memory_mib} MiB"
        return f"{self.name or 'a program without a name'} (process {self.process}{memory})"


@dataclass(frozen=True)
class GpuState:
    """One GPU, in the order of `nvidia-smi -q`."""

    used_mib: int | None = None
    free_mib: int | None = None
    #: `Enabled`, `Disabled`; `None`: this product has none.
    mig: str | None = None
    #: State and status of the NVSwitch fabric, e.g. `Completed, Success`; `N/A`: no NVSwitch.
    fabric: str | None = None
    processes: tuple[GpuProcess, ...] = ()
    #: Errors that ECC could not correct since the driver was loaded.
    uncorrectable: int = 0
    remapping_failed: bool = False
    #: What the driver asks for after a fault, e.g. `Reset`, `Reboot`; `None`: nothing.
    recovery: str | None = None
    slowdowns: tuple[str, ...] = ()
    #: Lanes in use and lanes that GPU and slot have, e.g. (`8x`, `16x`).
    link_width: tuple[str, str] | None = None


def listed(text: str) -> tuple[str, ...]:
    """The GPUs of `-L`, without the MIG devices below them."""
    return tuple(line.strip() for line in text.splitlines() if re.match(r"GPU \d+:", line.strip()))


def driver(text: str) -> str | None:
    found = re.search(r"^Driver Version\s*:\s*(\d[\d.]*)", text, re.MULTILINE)
    return found.group(1) if found else None


def states(text: str) -> tuple[GpuState, ...]:
    sections = re.split(r"^GPU [0-9A-Fa-f]{4,8}:.*$", text, flags=re.MULTILINE)[1:]
    return tuple(_state(list(_lines(section))) for section in sections)


_Line = tuple[tuple[str, ...], str]


def _lines(section: str) -> Iterator[_Line]:
    """Each line with a value, under the names of the sections around it."""
    path: list[str] = []
    for line in section.splitlines():
        name, separator, value = line.partition(":") if re.search(r"\s:(\s|$)", line) else (line, "", "")
        if not name.strip():
            continue
        depth = (len(line) - len(line.lstrip())) // _INDENT - 1
        path = [*path[: max(depth, 0)], name.strip()]
        if separator:
            yield tuple(path), value.strip()


def _state(lines: Sequence[_Line]) -> GpuState:
    values: Mapping[tuple[str, ...], str] = dict(reversed(lines))

    def value(*path: str) -> str | None:
        found = values.get(path)
        return None if found in (None, "", "N/A", "[N/A]") else found

    return GpuState(
        used_mib=_mib(value("FB Memory Usage", "Used")),
        free_mib=_mib(value("FB Memory Usage", "Free")),
        mig=value("MIG Mode", "Current"),
        fabric=_fabric(values),
        processes=tuple(_processes(lines)),
        uncorrectable=_uncorrectable(values),
        remapping_failed=value("Remapped Rows", "Remapping Failure Occurred") == "Yes",
        recovery=_recovery(value("GPU Recovery Action"), value("GPU Reset Status", "Reset Required")),
        slowdowns=tuple(
            dict.fromkeys(path[-1] for path, said in lines if path[-1] in _SLOWDOWNS and said == "Active")
        ),
        link_width=_link_width(values),
    )


def _fabric(values: Mapping[tuple[str, ...], str]) -> str | None:
    state, status = (values.get(("Fabric", name)) for name in ("State", "Status"))
    if state is None:
        return None
    return "N/A" if state in ("N/A", "Not Supported") else f"{state}, {status or '?'}"


def _processes(lines: Sequence[_Line]) -> Iterator[GpuProcess]:
    found: list[dict[str, str]] = []
    for path, value in lines:
        if path[0] != "Processes" or len(path) < 2:
            continue
        if path[-1] == "Process ID":
            found.append({})
        if found:
            found[-1][path[-1]] = value
    for process in found:
        if process["Process ID"].isdigit():
            memory = _mib(process.get("Used GPU Memory"))
            yield GpuProcess(
                int(process["Process ID"]), process.get("Type", "?"), process.get("Name", ""), memory
            )


def _uncorrectable(values: Mapping[tuple[str, ...], str]) -> int:
    return sum(
        int(value)
        for path, value in values.items()
        if path[:2] == ("ECC Errors", "Volatile") and "Uncorrectable" in path[-1] and value.isdigit()
    )


def _recovery(action: str | None, reset_required: str | None) -> str | None:
    if action not in (None, "None"):
        return action
    return "Reset" if reset_required == "Yes" else None


def _link_width(values: Mapping[tuple[str, ...], str]) -> tuple[str, str] | None:
    current, most = (values.get(("PCI", "GPU Link Info", "Link Width", name)) for name in ("Current", "Max"))
    return (current, most) if current and most and "N/A" not in (current, most) else None


def _mib(text: str | None) -> int | None:
    found = re.fullmatch(r"(\d+) MiB", text or "")
    return int(found.group(1)) if found else None
