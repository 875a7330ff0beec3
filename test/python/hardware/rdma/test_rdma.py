import unittest

from simulated_sysfs import Sysfs, ethernet, mapped

from ray_node.hardware.finding import FAILED, OK, WARNING, Finding, Subject
from ray_node.hardware.rdma import choice as rdma_choice
from ray_node.hardware.rdma import facts as rdma_facts
from ray_node.hardware.rdma import sysfs as rdma_sysfs
from ray_node.hardware.rdma.choice import RdmaChoice
from ray_node.hardware.rdma.facts import RdmaFacts

SUBNET = "10.0.0.0/24"


def choose(sysfs: Sysfs, fabric: str, named: str | None = None) -> RdmaChoice:
    return rdma_choice.choose(fabric, rdma_sysfs.ports(sysfs.root), SUBNET, named)


class RdmaTest(unittest.TestCase):
    def setUp(self) -> None:
        self.sysfs = Sysfs(self)

    def test_choose_for_infiniband_takes_the_active_ports(self) -> None:
        for index in (10, 2, 0):
            self.sysfs.port(f"mlx5_{index}", "InfiniBand")
        self.sysfs.port("mlx5_1", "InfiniBand", "1: DOWN", "2: Polling")
        self.sysfs.port("mlx5_3", "Ethernet", gids=ethernet("10.0.0.1"))
        choice = choose(self.sysfs, "infiniband")
        self.assertEqual(choice.devices, "=mlx5_0:1,mlx5_2:1,mlx5_10:1")
        self.assertIsNone(choice.gid_index)
        self.assertEqual(choice.warnings, ("not used: mlx5_1:1 is DOWN, Polling",))

    def test_choose_for_roce_takes_the_common_gid_of_the_cluster_network(self) -> None:
        self.sysfs.port(
            "mlx5_0", "Ethernet", gids={**ethernet("192.168.9.1", 3), 5: (mapped("10.0.0.1"), "RoCE v2")}
        )
        self.sysfs.port(
            "mlx5_1", "Ethernet", gids={**ethernet("192.168.8.1", 3), 5: (mapped("192.168.1.1"), "RoCE v2")}
        )
        choice = choose(self.sysfs, "roce")
        self.assertEqual((choice.ports, choice.gid_index), (("mlx5_0:1", "mlx5_1:1"), 5))

    def test_choose_for_roce_off_the_cluster_network_takes_the_lowest_common_gid(self) -> None:
        for index in range(3):
            self.sysfs.port(f"mlx5_{index}", "Ethernet", gids=ethernet(f"192.168.{index}.1"))
        choice = choose(self.sysfs, "roce")
        self.assertEqual((len(choice.ports), choice.gid_index, choice.unused), (3, 3, ()))

    def test_choose_for_roce_with_different_gid_indices_uses_all_and_leaves_them_to_nccl(self) -> None:
        for index in range(8):
            self.sysfs.port(
                f"mlx5_{index}", "Ethernet", gids=ethernet(f"192.168.{index}.1", 3 if index < 4 else 5)
            )
        choice = choose(self.sysfs, "roce")
        self.assertEqual((len(choice.ports), choice.gid_index, choice.unused), (8, None, ()))
        findings = rdma_facts.judge(Subject("gpu-0", "10.0.0.1"), RdmaFacts("roce", choice, ("uverbs0",), -1))
        self.assertIn("left to NCCL", findings[0].seen)

    def test_choose_for_roce_never_takes_a_slow_management_port(self) -> None:
        for index in range(8):
            self.sysfs.port(f"mlx5_{index}", "Ethernet", gids=ethernet(f"192.168.{index}.1"))
        self.sysfs.port("mlx5_bond_0", "Ethernet", gids=ethernet("10.0.0.1", 5), rate="25 Gb/sec (1X EDR)")
        choice = choose(self.sysfs, "roce")
        self.assertEqual((len(choice.ports), choice.gid_index), (8, 3))
        self.assertEqual(choice.warnings, ("not used: mlx5_bond_0:1 has 25 of 400 Gb/s",))
        named = choose(self.sysfs, "roce", "=mlx5_bond_0")
        self.assertEqual((named.ports, named.gid_index), (("mlx5_bond_0:1",), 5))

    def test_choose_for_roce_with_only_the_management_port_usable_is_a_problem(self) -> None:
        self.sysfs.port("mlx5_0", "Ethernet", gids={})
        self.sysfs.port("mlx5_bond_0", "Ethernet", gids=ethernet("10.0.0.1"), rate="25 Gb/sec (1X EDR)")
        choice = choose(self.sysfs, "roce")
        self.assertEqual((choice.problem, choice.ports), ("no RoCE v2 GID over IPv4 on mlx5_0:1", ()))

    def test_choose_for_roce_with_a_fast_adapter_without_gid_names_it(self) -> None:
        self.sysfs.port("mlx5_0", "Ethernet", gids=ethernet("192.168.0.1"))
        self.sysfs.port("mlx5_1", "Ethernet", gids={})
        choice = choose(self.sysfs, "roce")
        self.assertEqual(choice.unused, ("mlx5_1:1 has no RoCE v2 GID over IPv4",))
        facts = RdmaFacts("roce", choice, ("uverbs0",), -1)
        (failure,) = (item for item in rdma_facts.judge(Subject("a", "b"), facts) if item.outcome == FAILED)
        self.assertEqual(failure.check, "rdma adapters")
        self.assertIn("NCCL_IB_HCA", failure.fix)
        tolerated = rdma_facts.judge(Subject("a", "b"), facts, ("rdma adapters",))
        self.assertEqual([item.check for item in tolerated if item.outcome == WARNING], ["rdma adapters"])
        self.assertEqual(choose(self.sysfs, "roce", "^mlx5_1").unused, ())

    def test_choose_for_infiniband_with_a_storage_fabric_takes_the_larger_subnet(self) -> None:
        for index in range(4):
            self.sysfs.port(
                f"mlx5_{index}", "InfiniBand", gids={0: ("fe80:0000:0000:0001:" + "0" * 4 + ":0:0:1", "IB")}
            )
        self.sysfs.port("mlx5_9", "InfiniBand", gids={0: ("fe80:0000:0000:0002:" + "0" * 4 + ":0:0:1", "IB")})
        choice = choose(self.sysfs, "infiniband")
        self.assertEqual(len(choice.ports), 4)
        self.assertEqual(
            choice.unused, ("mlx5_9:1 is in subnet fe80:0000:0000:0002, mlx5_0:1 in fe80:0000:0000:0001",)
        )
        self.assertEqual(choose(self.sysfs, "infiniband", "^=mlx5_9:1").unused, ())
        self.assertEqual(len(choose(self.sysfs, "infiniband", "mlx5").ports), 5)

    def test_choose_for_infiniband_with_a_subnet_for_each_rail_takes_all(self) -> None:
        for index in range(4):
            self.sysfs.port(
                f"mlx5_{index}", "InfiniBand", gids={0: (f"fe80:0000:0000:000{index}:0:0:0:1", "IB")}
            )
        choice = choose(self.sysfs, "infiniband")
        self.assertEqual((len(choice.ports), choice.unused), (4, ()))

    def test_choose_with_a_name_that_is_not_there_says_so(self) -> None:
        self.sysfs.port("mlx5_0", "InfiniBand")
        self.assertIn(
            "NCCL_IB_HCA=mlx5_7 names none of mlx5_0:1",
            choose(self.sysfs, "infiniband", "mlx5_7").problem or "",
        )

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
                choice = choose(sysfs, fabric)
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

    def neighbours(self, adapters: dict[str, int], gpus: dict[str, int]) -> list[Finding]:
        """NUMA nodes as sysfs shows them; -1: the kernel knows none."""
        sysfs = Sysfs(self)
        for name, numa in adapters.items():
            sysfs.port(name, "InfiniBand")
            sysfs.pci(name, numa)
        for address, numa in gpus.items():
            sysfs.pci(address, numa)
        found = rdma_facts.gather("infiniband", SUBNET, None, sysfs.root, sysfs.root)
        return [
            item
            for item in rdma_facts.judge(Subject("gpu-0", "10.0.0.1"), found)
            if item.check == "rdma neighbourhood"
        ]

    def test_judge_of_adapters_far_from_some_gpus_names_them(self) -> None:
        (found,) = self.neighbours(
            {"mlx5_0": 0, "mlx5_1": 0}, {"0000:1b:00.0": 0, "0000:9d:00.0": 1, "0000:c3:00.0": 1}
        )
        self.assertEqual(found.outcome, WARNING)
        self.assertIn(
            "2 of 3 GPUs have no adapter on their NUMA node: 0000:9d:00.0, 0000:c3:00.0", found.seen
        )
        self.assertIn("mlx5_0 on node 0, mlx5_1 on node 0", found.seen)

    def test_judge_of_adapters_near_all_gpus_passes(self) -> None:
        (found,) = self.neighbours({"mlx5_0": 0, "mlx5_1": 1}, {"0000:1b:00.0": 0, "0000:9d:00.0": 1})
        self.assertEqual(found.outcome, OK)

    def test_judge_without_a_choice_of_places_says_nothing(self) -> None:
        for name, adapters, gpus in (
            ("one adapter", {"mlx5_0": 0}, {"0000:1b:00.0": 0, "0000:9d:00.0": 1}),
            ("a virtual machine", {"mlx5_0": -1, "mlx5_1": -1}, {"0000:1b:00.0": -1}),
            ("no GPU", {"mlx5_0": 0, "mlx5_1": 1}, {}),
        ):
            with self.subTest(name):
                self.assertEqual(self.neighbours(adapters, gpus), [])

    def test_gather_reads_ports_files_and_memlock(self) -> None:
        self.sysfs.port("mlx5_0", "InfiniBand")
        facts = rdma_facts.gather("infiniband", SUBNET, None, self.sysfs.root, self.sysfs.root)
        self.assertEqual((facts.choice.ports, facts.device_files), (("mlx5_0:1",), ("class",)))
        self.assertTrue(facts.memlock == -1 or facts.memlock > 0)


if __name__ == "__main__":
    unittest.main()
