"""What the host's PCI bus holds, whatever a driver makes of it: accelerators, and where they sit."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

SYSFS = "/sys"
#: Vendor, then the beginning of the class: display and 3D controllers (`lspci -nn`: [0300], [0302], 10de).
_NVIDIA = ("0x10de", ("0x0300", "0x0302"))
#: Of the boards that show one function for each NPU: 910B and A3 (`lspci`: 19e5, Device d802, Device d803).
#: A server of Huawei has other processing accelerators, too.
_ASCEND = ("0x19e5", ("0xd802", "0xd803"))


@dataclass(frozen=True)
class PciDevice:
    """E.g. `0000:1b:00.0`."""

    address: str
    #: NUMA node of its root; `None`: the machine has one, or does not say it.
    numa: int | None
    #: The IOMMU translates what it sends, also to its neighbours.
    is_translated: bool = False


def gpus(sysfs: str = SYSFS) -> tuple[PciDevice, ...]:
    vendor, classes = _NVIDIA
    return tuple(
        _device(path)
        for path in _functions(sysfs)
        if _read(path, "vendor") == vendor and _read(path, "class").startswith(classes)
    )


def npus(sysfs: str = SYSFS) -> tuple[PciDevice, ...]:
    vendor, devices = _ASCEND
    return tuple(
        _device(path)
        for path in _functions(sysfs)
        if _read(path, "vendor") == vendor and _read(path, "device") in devices
    )


def adapter(name: str, sysfs: str = SYSFS) -> PciDevice:
    """The device of an RDMA adapter, e.g. `mlx5_0`."""
    return _device(os.path.realpath(os.path.join(sysfs, "class/infiniband", name, "device")))


def _functions(sysfs: str) -> Iterator[str]:
    folder = os.path.join(sysfs, "bus/pci/devices")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    yield from (os.path.join(folder, name) for name in names)


def _device(path: str) -> PciDevice:
    node = _read(path, "numa_node")
    # `identity`: not translated; `DMA`, `DMA-FQ` (Documentation/ABI/testing/sysfs-kernel-iommu_groups).
    translated = _read(path, "iommu_group/type").startswith("DMA")
    return PciDevice(os.path.basename(path), int(node) if node.isdigit() else None, translated)


def _read(path: str, name: str) -> str:
    try:
        with open(os.path.join(path, name), encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
