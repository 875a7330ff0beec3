import tempfile
import unittest
from pathlib import Path

from ray_node.hardware.finding import FAILED, OK, WARNING, Subject
from ray_node.hardware.rdma import choice as rdma_choice
from ray_node.hardware.rdma import facts as rdma_facts
from ray_node.hardware.rdma import sysfs as rdma_sysfs
from ray_node.hardware.rdma.choice import RdmaChoice
from ray_node.hardware.rdma.facts import RdmaFacts

SUBNET = "10.0.0.0/24"


class Sysfs:
    """Files as the kernel shows them below /sys/class/infiniband."""

    def __init__(self, case: unittest.TestCase) -> None:
        folder = tempfile.TemporaryDirectory()
        case.addCleanup(folder.cleanup)
        self.root = folder.name

    def port(
        self,
        adapter: str,
        layer: str,
        state: str = "4: ACTIVE",
        physical: str = "5: LinkUp",
        gids: dict[int, tuple[str, str]] | None = None,
    ) -> None:
        at = Path(self.root) / "class/infiniband" / adapter / "ports/1"
        for folder in ("gids", "gid_attrs/types"):
            (at / folder).mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("state", state),
            ("phys_state", physical),
            ("link_layer", layer),
        ):
            (at / name).write_text(f"{text}\n", encoding="ascii")
        for index in range(8):
            gid, kind = (gids or {}).get(index, ("0000:" * 7 + "0000", None))
            (at / "gids" / str(index)).write_text(f"{gid}\n", encoding="ascii")
            # The kernel answers EINVAL where there is nothing; here the file is missing.
            if kind is not None:
                (at / "gid_attrs/types" / str(index)).write_text(f"{kind}\n", encoding="ascii")

    def choose(self, fabric: str) -> RdmaChoice:
        return rdma_choice.choose(fabric, rdma_sysfs.ports(self.root), SUBNET)


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


class RdmaTest(unittest.TestCase):
    def setUp(self) -> None:
        self.sysfs = Sysfs(self)

    def test_choose_for_infiniband_takes_the_active_ports(self) -> None:
        for index in (10, 2, 0):
            self.sysfs.port(f"mlx5_{index}", "InfiniBand")
        self.sysfs.port("mlx5_1", "InfiniBand", "1: DOWN", "2: Polling")
        self.sysfs.port("mlx5_3", "Ethernet", gids=ethernet("10.0.0.1"))
        choice = self.sysfs.choose("infiniband")
        self.assertEqual(choice.devices, "=mlx5_0:1,mlx5_2:1,mlx5_10:1")
        self.assertIsNone(choice.gid_index)
        self.assertEqual(choice.warnings, ("not used: mlx5_1:1 is DOWN, Polling",))

    def test_choose_for_roce_takes_the_gid_of_the_cluster_network(self) -> None:
        self.sysfs.port("mlx5_0", "Ethernet", gids=ethernet("10.0.0.1", 5))
        self.sysfs.port("mlx5_1", "Ethernet", gids=ethernet("192.168.1.1", 5))
        self.sysfs.port("mlx5_2", "Ethernet", gids=ethernet("192.168.2.1", 3))
        choice = self.sysfs.choose("roce")
        self.assertEqual((choice.ports, choice.gid_index), (("mlx5_0:1", "mlx5_1:1"), 5))
        self.assertEqual(choice.warnings, ("not used: mlx5_2:1 has no RoCE v2 GID 5",))

    def test_choose_for_roce_off_the_cluster_network_takes_the_most_frequent_gid(self) -> None:
        for index in range(3):
            self.sysfs.port(f"mlx5_{index}", "Ethernet", gids=ethernet(f"192.168.{index}.1"))
        self.sysfs.port("mlx5_3", "Ethernet", gids=ethernet("192.168.3.1", 5))
        choice = self.sysfs.choose("roce")
        self.assertEqual((len(choice.ports), choice.gid_index), (3, 3))

    def test_choose_without_the_declared_fabric_explains_why(self) -> None:
        cases = [
            ("none", "infiniband", "no RDMA adapter", "'tcp' by name"),
            (
                "ethernet",
                "infiniband",
                "no adapter with link layer InfiniBand: mlx5_0:1 is Ethernet",
                "'roce'",
            ),
            (
                "infiniband",
                "roce",
                "no adapter with link layer Ethernet: mlx5_0:1 is InfiniBand",
                "'infiniband'",
            ),
            ("init", "infiniband", "no port is ACTIVE: mlx5_0:1 is INIT, LinkUp", "subnet manager"),
            ("polling", "infiniband", "no port is ACTIVE: mlx5_0:1 is DOWN, Polling", "no peer"),
            ("no gid", "roce", "no RoCE v2 GID over IPv4 on mlx5_0:1", "IPv4 addresses"),
        ]
        for what, fabric, problem, fix in cases:
            with self.subTest(what):
                sysfs = Sysfs(self)
                if what == "ethernet":
                    sysfs.port("mlx5_0", "Ethernet", gids=ethernet("10.0.0.1"))
                elif what == "init":
                    sysfs.port("mlx5_0", "InfiniBand", "2: INIT")
                elif what == "polling":
                    sysfs.port("mlx5_0", "InfiniBand", "1: DOWN", "2: Polling")
                elif what == "infiniband":
                    sysfs.port("mlx5_0", "InfiniBand")
                elif what == "no gid":
                    sysfs.port("mlx5_0", "Ethernet", gids={0: ("fe80::1", "RoCE v2")})
                choice = sysfs.choose(fabric)
                self.assertIn(problem, choice.problem or "")
                self.assertIn(fix, choice.fix)
                self.assertEqual(choice.ports, ())

    def judge(self, choice: RdmaChoice, files: tuple[str, ...], memlock: int) -> dict[str, str]:
        findings = rdma_facts.judge(Subject("gpu-0", "10.0.0.1"), RdmaFacts("roce", choice, files, memlock))
        return {item.check: item.outcome for item in findings}

    def test_judge_fails_what_the_fabric_lacks(self) -> None:
        good = RdmaChoice(("mlx5_0:1",), 3)
        files = ("rdma_cm", "uverbs0")
        self.assertEqual(self.judge(good, files, -1), {"fabric roce": OK, "device files": OK, "memlock": OK})
        self.assertEqual(self.judge(good, ("rdma_cm",), -1)["device files"], FAILED)
        self.assertEqual(self.judge(good, files, 64 << 10)["memlock"], FAILED)
        self.assertEqual(self.judge(RdmaChoice((), None, "nothing"), files, -1)["fabric roce"], FAILED)
        warned = RdmaChoice(("mlx5_0:1",), 3, warnings=("not used: mlx5_1:1",))
        self.assertEqual(self.judge(warned, files, -1)["fabric roce"], WARNING)

    def test_gather_reads_ports_files_and_memlock(self) -> None:
        self.sysfs.port("mlx5_0", "InfiniBand")
        facts = rdma_facts.gather("infiniband", SUBNET, self.sysfs.root, self.sysfs.root)
        self.assertEqual((facts.choice.ports, facts.device_files), (("mlx5_0:1",), ("class",)))
        self.assertTrue(facts.memlock == -1 or facts.memlock > 0)


if __name__ == "__main__":
    unittest.main()
