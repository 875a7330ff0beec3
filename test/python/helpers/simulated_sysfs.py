"""What the kernel shows of RDMA adapters and PCI devices.

Form: Documentation/ABI/stable/sysfs-class-infiniband of the kernel. Values: `ibstat`, `show_gids` and sysfs
in public reports: NVIDIA/nccl#890 (GID indices that differ), #733 (a storage fabric), #1716.
"""

import tempfile
import unittest
from pathlib import Path


class Sysfs:
    """Files as the kernel shows them below /sys/class/infiniband."""

    def __init__(self, case: unittest.TestCase, root: str | None = None) -> None:
        if root is None:
            folder = tempfile.TemporaryDirectory()
            case.addCleanup(folder.cleanup)
            root = folder.name
        self.root = root

    def port(
        self,
        adapter: str,
        layer: str,
        state: str = "4: ACTIVE",
        physical: str = "5: LinkUp",
        gids: dict[int, tuple[str, str]] | None = None,
        rate: str = "400 Gb/sec (4X NDR)",
    ) -> None:
        at = Path(self.root) / "class/infiniband" / adapter / "ports/1"
        for folder in ("gids", "gid_attrs/types"):
            (at / folder).mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("state", state),
            ("phys_state", physical),
            ("link_layer", layer),
            ("rate", rate),
        ):
            (at / name).write_text(f"{text}\n", encoding="ascii")
        for index in range(8):
            gid, kind = (gids or {}).get(index, ("0000:" * 7 + "0000", None))
            (at / "gids" / str(index)).write_text(f"{gid}\n", encoding="ascii")
            # The kernel answers EINVAL where there is nothing; here the file is missing.
            if kind is not None:
                (at / "gid_attrs/types" / str(index)).write_text(f"{kind}\n", encoding="ascii")

    def pci(self, name: str, numa: int) -> None:
        """An adapter's device, or a GPU by its address."""
        at = Path(self.root) / "devices/pci0000:00" / name
        at.mkdir(parents=True)
        (at / "numa_node").write_text(f"{numa}\n", encoding="ascii")
        if ":" in name:
            (at / "vendor").write_text("0x10de\n", encoding="ascii")
            (at / "class").write_text("0x030200\n", encoding="ascii")
        link = f"bus/pci/devices/{name}" if ":" in name else f"class/infiniband/{name}/device"
        (Path(self.root) / link).parent.mkdir(parents=True, exist_ok=True)
        (Path(self.root) / link).symlink_to(at)


def mapped(address: str) -> str:
    one, two, three, four = (int(part) for part in address.split("."))
    return f"0000:0000:0000:0000:0000:ffff:{one:02x}{two:02x}:{three:02x}{four:02x}"


def ethernet(address: str, index: int = 3) -> dict[int, tuple[str, str]]:
    local = "fe80:0000:0000:0000:0e42:a1ff:fe00:0001"
    return {
        0: (local, "IB/RoCE v1"),
        1: (local, "RoCE v2"),
        index - 1: (mapped(address), "IB/RoCE v1"),
        index: (mapped(address), "RoCE v2"),
    }
