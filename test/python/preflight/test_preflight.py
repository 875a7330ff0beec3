import itertools
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import support
from ascend_machine import AscendMachine
from preflight_cluster import DIGEST, TABLE, PreflightCluster, table, wanted

from ray_node.config.config_error import ConfigError
from ray_node.config.preflight_config import ImageConfig, PreflightConfig
from ray_node.hardware.finding import FAILED, OK, REPORT_FILE, WARNING, Finding, PreflightReport
from ray_node.hardware.gpu.facts import GpuFacts
from ray_node.hardware.rdma.choice import RdmaChoice
from ray_node.hardware.rdma.facts import RdmaFacts
from ray_node.preflight import collective_pair
from ray_node.preflight import judge as preflight_judge
from ray_node.preflight import run as preflight_run
from ray_node.preflight.collective_pair import PairResult, PairSide
from ray_node.preflight.facts import NodeFacts

FAKE_TORCH = support.FIXTURES / "fake_torch"


def failed(report: PreflightReport) -> list[tuple[str, str | None, str]]:
    return [(item.node, item.device, item.check) for item in report.failures]


class AscendClusterTest(unittest.TestCase):
    """Both nodes over the report port, with simulated tools."""

    def setUp(self) -> None:
        self.machines = [AscendMachine(self, "a2", server, 4) for server in range(2)]

    def cluster(self, plan: PreflightConfig, worker: PreflightConfig | None = None) -> PreflightCluster:
        roots = (self.machines[0].root, self.machines[1].root)
        return PreflightCluster(self, (plan, worker or plan), roots)

    def table_of(self, machine: int) -> Path:
        return Path(self.machines[machine].root + TABLE)

    def test_run_with_a_rank_table_writes_it_to_both_nodes(self) -> None:
        cluster = self.cluster(wanted(rank_table=table()))
        report = cluster.report()
        self.assertEqual(failed(report), [])
        texts = [self.table_of(machine).read_bytes() for machine in range(2)]
        self.assertEqual(texts[0], texts[1])
        servers = json.loads(texts[0])["server_list"]
        self.assertEqual([server["server_id"] for server in servers], [support.HEAD, support.WORKER])
        self.assertEqual(servers[1]["device"][3]["device_ip"], "192.168.101.104")
        self.assertEqual(servers[1]["device"][3]["rank_id"], "7")
        checks = {item.check for item in report.findings if item.node == "npu-1"}
        self.assertTrue({"ping", "tls equality", "link", "rank table"} <= checks)
        self.assertEqual(
            cluster.logged,
            [
                "asking every node for its facts",
                "running 8 pings between the NPUs of 2 nodes",
                "distributing the rank table",
            ],
        )
        # The same input gives the same bytes: a second preflight changes nothing.
        self.assertEqual(failed(self.cluster(wanted(rank_table=table())).report()), [])
        self.assertEqual([self.table_of(machine).read_bytes() for machine in range(2)], texts)

    def test_run_with_an_inventory_takes_its_device_addresses(self) -> None:
        given = {
            address: tuple(f"192.168.{100 + server}.{101 + device}" for device in range(4))
            for server, address in enumerate((support.HEAD, support.WORKER))
        }
        report = self.cluster(wanted(rank_table=table(), device_ips=given)).report()
        self.assertEqual(failed(report), [])
        servers = json.loads(self.table_of(1).read_bytes())["server_list"]
        found = {
            server["server_id"]: [entry["device_ip"] for entry in server["device"]] for server in servers
        }
        self.assertEqual(found, {address: list(ips) for address, ips in given.items()})

    def test_run_with_an_inventory_that_does_not_fit_writes_no_rank_table(self) -> None:
        given = {support.WORKER: ("192.168.101.101", "192.168.101.109", "192.168.101.103", "192.168.101.104")}
        report = self.cluster(wanted(rank_table=table(), device_ips=given)).report()
        self.assertEqual(failed(report), [("npu-1", "NPU 1", "ip")])
        self.assertIn("correct deviceIps", report.failures[0].fix)
        self.assertFalse(self.table_of(0).exists())

    def test_run_with_emulated_devices_takes_the_inventory_alone(self) -> None:
        given = {
            support.HEAD: tuple(f"192.168.100.{101 + device}" for device in range(8)),
            support.WORKER: tuple(f"192.168.101.{101 + device}" for device in range(8)),
        }
        plan = wanted(board=None, devices="emulated", rank_table=table(), device_ips=given)
        self.assertEqual(failed(self.cluster(plan).report()), [])
        servers = json.loads(self.table_of(1).read_bytes())["server_list"]
        # Four devices are planned on each node.
        self.assertEqual([len(server["device"]) for server in servers], [4, 4])
        self.assertEqual(servers[1]["device"][3], {**servers[1]["device"][3], "device_ip": "192.168.101.104"})
        self.assertEqual(self.table_of(0).read_bytes(), self.table_of(1).read_bytes())

    def test_run_with_emulated_devices_and_no_inventory_writes_no_rank_table(self) -> None:
        given = {support.HEAD: tuple(f"192.168.100.{101 + device}" for device in range(4))}
        plan = wanted(board=None, devices="emulated", rank_table=table(), device_ips=given)
        report = self.cluster(plan).report()
        self.assertEqual(failed(report), [("npu-0", None, "rank table")])
        self.assertIn("servers[1].devices: got none", report.failures[0].seen)
        self.assertFalse(self.table_of(0).exists())

    def test_run_with_a_broken_device_ends_before_the_pings(self) -> None:
        self.machines[1].fault("link", "3", "DOWN")
        cluster = self.cluster(wanted(rank_table=table()))
        report = cluster.report()
        self.assertEqual(failed(report), [("npu-1", "NPU 3", "link")])
        self.assertEqual(cluster.logged, ["asking every node for its facts"])
        self.assertFalse(self.table_of(0).exists())
        problem = preflight_run.problem_of(report)
        assert problem is not None and problem.culprit is not None
        self.assertEqual(str(problem.culprit), f"npu-1 ({support.WORKER})")
        self.assertIn("preflight: npu-1 (127.0.0.2), NPU 3: link: link status: DOWN", problem.reason)

    def test_run_with_packet_loss_names_the_device(self) -> None:
        self.machines[1].fault("loss", "*", "192.168.100.102")
        report = self.cluster(wanted(rank_table=table())).report()
        self.assertEqual(failed(report), [("npu-1", "NPU 1", "ping")])
        self.assertFalse(self.table_of(0).exists())

    def test_run_with_a_silent_node_names_it(self) -> None:
        roots = (self.machines[0].root, self.machines[1].root)
        plan = wanted()
        with mock.patch.dict(preflight_run._SECONDS, {"facts": 5.0}):
            report = PreflightCluster(self, (plan, plan), roots, silent_worker=True).report()
        self.assertEqual(failed(report), [("npu-1", None, "facts")])
        self.assertEqual(report.failures[0].seen, "no answer within 5 s")

    def test_run_with_a_node_that_cannot_write_the_table_names_it(self) -> None:
        self.machines[1].write("etc/ray-cluster", "a file where the folder should be")
        report = self.cluster(wanted(rank_table=table())).report()
        self.assertEqual(failed(report), [("npu-1", None, "rank-table"), ("npu-1", None, "rank table")])
        self.assertIn("Error", report.failures[0].seen)

    def test_run_with_another_image_on_a_node_names_it(self) -> None:
        plans = []
        for name, digest in (("one", DIGEST), ("two", "sha256:" + "b" * 64)):
            self.machines[0].write(name, f"registry.example/image@{digest}\n")
            plans.append(wanted(image=ImageConfig(None, f"{self.machines[0].root}/{name}")))
        report = self.cluster(plans[0], plans[1]).report()
        self.assertEqual(failed(report), [("npu-1", None, "image")])
        self.assertIn(
            "runs sha256:bbbbbbbbbbbb, 1 of 2 nodes run sha256:aaaaaaaaaaaa", report.failures[0].seen
        )

    def test_save_writes_the_report_alone(self) -> None:
        report = self.cluster(wanted()).report()
        with tempfile.TemporaryDirectory() as folder:
            preflight_run.save(report, folder)
            self.assertEqual(os.listdir(folder), [REPORT_FILE])
            text = (Path(folder) / REPORT_FILE).read_text(encoding="utf-8")
        self.assertEqual(json.loads(text)["outcome"], OK)


class PairTest(unittest.TestCase):
    """Two processes and a stand-in for PyTorch; with the real one where this Python has it."""

    def image(self) -> ImageConfig:
        """Of nodes that are machines of their own."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = Path(folder.name) / "image"
        file.write_text(f"registry.example/image@{DIGEST}\n", encoding="ascii")
        return ImageConfig(None, str(file))

    def report(self, fake: str, fabric: str = "infiniband", devices: str = "real") -> PreflightReport:
        sys.path.insert(0, str(FAKE_TORCH))
        self.addCleanup(sys.path.remove, str(FAKE_TORCH))
        plan = wanted(collective="nccl", board=None, fabric=fabric, devices=devices, image=self.image())
        # The GPUs themselves are not asked here: this is about the collective.
        for name in ("hardware.gpu.facts", "hardware.rdma.facts"):
            patch = mock.patch(f"ray_node.{name}.gather", return_value=None)
            patch.start()
            self.addCleanup(patch.stop)
        environment = {**os.environ, "FAKE_TORCH": fake}
        cluster = PreflightCluster(self, (plan, plan), environment=environment, simulated=False)
        report = cluster.report()
        self.assertIn("trying a collective between 1 pairs of neighbours", cluster.logged)
        return report

    def test_pair_without_pytorch_is_skipped_with_a_log_line(self) -> None:
        plan = wanted(collective="nccl", board=None, fabric="tcp", devices="emulated", image=self.image())
        cluster = PreflightCluster(self, (plan, plan))
        with mock.patch("importlib.util.find_spec", return_value=None):
            self.assertEqual(failed(cluster.report()), [])
        self.assertEqual(
            cluster.logged[-1],
            "skipping the collective on npu-0, npu-1: no accelerators, or no PyTorch in the image",
        )

    def test_pair_of_emulated_nodes_on_one_machine_is_not_tried(self) -> None:
        plan = wanted(collective="nccl", board=None, fabric="tcp", devices="emulated")
        cluster = PreflightCluster(self, (plan, plan))
        self.assertEqual(failed(cluster.report()), [])
        self.assertEqual(cluster.logged, ["asking every node for its facts"])

    def test_pair_over_the_fabric_passes(self) -> None:
        report = self.report("")
        self.assertEqual(failed(report), [])
        (finding,) = (item for item in report.findings if item.check == "collective")
        self.assertIn("npu-0 and npu-1: all-reduce of 16 MiB over NET/IB", finding.seen)

    def test_pair_over_sockets_instead_of_the_declared_fabric_fails(self) -> None:
        report = self.report("sockets")
        self.assertEqual(failed(report), [("npu-1", None, "collective")])
        self.assertIn("NCCL went over sockets", report.failures[0].seen)

    def test_pair_over_sockets_with_tcp_passes(self) -> None:
        self.assertEqual(failed(self.report("sockets", "tcp")), [])

    def test_pair_in_the_emulation_names_gloo(self) -> None:
        (finding,) = (
            item for item in self.report("no-cuda", devices="emulated").findings if item.check == "collective"
        )
        self.assertEqual(finding.outcome, OK)
        self.assertIn("over Gloo, in place of", finding.seen)

    def test_pair_with_a_wrong_sum_fails(self) -> None:
        self.assertIn("the fabric changes data", self.report("changes-data").failures[0].seen)

    def test_pair_with_a_gpu_that_does_not_compute_fails(self) -> None:
        self.assertIn("Found no NVIDIA driver", self.report("no-cuda").failures[0].seen)

    def test_judge_of_several_failing_pairs_blames_the_node_they_share(self) -> None:
        good = PairSide(None, 0.1, "nccl", "NET/IB")
        bad = PairSide("timeout", 0.0, "nccl", None)
        facts = [NodeFacts(f"gpu-{n}", f"10.0.0.{n}", 8, (), True) for n in range(4)]
        pairs = [
            PairResult("gpu-0", "gpu-1", (bad, good)),
            PairResult("gpu-1", "gpu-2", (bad, bad)),
            PairResult("gpu-2", "gpu-3", (good, good)),
        ]
        report = preflight_judge.judge(wanted(fabric="infiniband", board=None), facts, pairs=pairs)
        self.assertEqual({item.node for item in report.failures}, {"gpu-1"})
        self.assertEqual(report.failures[0].address, "10.0.0.1")

    def slow(self, seconds: float, rates: tuple[int | None, ...], **changes: Any) -> list[Finding]:
        """Nodes in a row, and pairs of which those with gpu-1 take `seconds`."""
        side, fast = PairSide(None, seconds, "nccl", "NET/IB"), PairSide(None, 0.0005, "nccl", "NET/IB")
        facts = [
            NodeFacts(
                *(f"gpu-{n}", f"10.0.0.{n}", 8, (), True),
                rdma=RdmaFacts("roce", RdmaChoice(("mlx5_0:1",), 3, gigabits=rate), ("uverbs0",), -1),
            )
            for n, rate in enumerate(rates)
        ]
        pairs = [
            PairResult(
                one.node, other.node, (side, side) if "gpu-1" in (one.node, other.node) else (fast, fast)
            )
            for one, other in itertools.pairwise(facts)
        ]
        report = preflight_judge.judge(wanted(fabric="roce", board=None, **changes), facts, pairs=pairs)
        return [item for item in report.findings if item.check == preflight_judge.BANDWIDTH]

    def test_judge_of_pairs_far_below_the_rate_of_a_port_blames_the_node_they_share(self) -> None:
        """16 MiB at 25 Gb/s, a management bond, in place of 400 Gb/s."""
        found = self.slow(0.0054, (400, 400, 400, 400))
        self.assertEqual([(item.node, item.outcome) for item in found], [("gpu-1", FAILED)] * 2)
        self.assertIn("gpu-0 and gpu-1: 24.9 Gb/s over NET/IB, one port has 400 Gb/s", found[0].seen)
        self.assertIn("name 'pair bandwidth' in toleratedChecks", found[0].fix)
        tolerated = self.slow(0.0054, (400, 400), tolerated=("pair bandwidth",))
        self.assertEqual([item.outcome for item in tolerated], [WARNING])

    def test_judge_of_pairs_that_are_fast_enough_says_nothing_of_it(self) -> None:
        for seconds, rates in (
            (0.0008, (400, 400)),
            # No GPUDirect RDMA.
            (0.0014, (400, 400)),
            # The slower of the two nodes sets the pace.
            (0.0054, (400, 100)),
            (0.5, (None, 400)),
        ):
            with self.subTest(seconds=seconds, rates=rates):
                self.assertEqual(self.slow(seconds, rates), [])

    def test_transport_is_what_the_log_names(self) -> None:
        cases = [
            ("n:1:2 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[0] [send] via NET/IB/0/GDRDMA", "NET/IB"),
            ("n:1:2 [0] NCCL INFO Channel 00 : 1[0] -> 0[0] [send] via NET/Socket/0", "NET/Socket"),
            ("n:1:2 [0] NCCL INFO Using network AWS Libfabric", "NET/AWS Libfabric"),
            ("n:1:2 [0] NCCL INFO Using network IB\nmore", "NET/IB"),
            ("nothing", None),
        ]
        for text, network in cases:
            with self.subTest(text=text):
                self.assertEqual(collective_pair.transport(text), network)


class DriverTest(unittest.TestCase):
    def test_judge_of_different_drivers_warns(self) -> None:
        nodes = [
            NodeFacts(*(f"gpu-{n}", f"10.0.0.{n}", 0, (), False), gpus=GpuFacts((), f"57{n}.1", (), None))
            for n in range(2)
        ]
        report = preflight_judge.judge(wanted(board=None, fabric="tcp", collective="nccl"), nodes)
        self.assertEqual([item.check for item in report.warnings], ["driver"])
        self.assertIn("gpu-0: 570.1, gpu-1: 571.1", report.warnings[0].seen)


class ImageTest(unittest.TestCase):
    def outcome(self, planned: str | None, *found: str | tuple[str, ...] | None) -> list[tuple[str, str]]:
        digests = [(item,) if isinstance(item, str) else item or () for item in found]
        nodes = [NodeFacts(f"n-{index}", "10.0.0.1", 0, item, False) for index, item in enumerate(digests)]
        plan = wanted(board=None, fabric="tcp", collective=None, image=ImageConfig(planned, "/absent"))
        return [(item.node, item.outcome) for item in preflight_judge.judge(plan, nodes).findings]

    def test_judge_of_image_digests_finds_the_odd_one(self) -> None:
        other = "sha256:" + "b" * 64
        self.assertEqual(self.outcome(None, DIGEST, DIGEST), [("n-0", OK), ("n-1", OK)])
        self.assertEqual(self.outcome(None, None, None), [])
        self.assertEqual(self.outcome(None, DIGEST, None), [("n-0", OK), ("n-1", WARNING)])
        self.assertEqual(
            self.outcome(None, other, DIGEST, DIGEST), [("n-0", FAILED), ("n-1", OK), ("n-2", OK)]
        )
        self.assertEqual(self.outcome(DIGEST, other, other), [("n-0", FAILED), ("n-1", FAILED)])

    def test_judge_of_one_image_in_two_image_stores_passes(self) -> None:
        manifest, configuration = ("sha256:" + letter * 64 for letter in "cd")
        same = [("n-0", OK), ("n-1", OK)]
        self.assertEqual(self.outcome(None, (DIGEST, configuration), (DIGEST, manifest)), same)
        self.assertEqual(self.outcome(None, (DIGEST, configuration), configuration), same)
        other = self.outcome(None, (DIGEST, configuration), ("sha256:" + "e" * 64, manifest))
        self.assertEqual(other, [("n-0", OK), ("n-1", FAILED)])


class ConfigTest(unittest.TestCase):
    GOOD: ClassVar[dict[str, Any]] = {
        "fabric": "roce",
        "collective": "hccl",
        "board": "a2",
        "devices": "real",
        "image": {"digest": None, "foundIn": "/etc/ray-cluster/image-digest"},
        "deviceIps": {"10.0.0.1": ["192.168.100.101"]},
        "tolerated": ["neighbour"],
        "rankTable": {
            "path": TABLE,
            "version": "1.0",
            "devicePort": 16666,
        },
        "memoryShare": 0.9,
        "minimumDriver": "580",
    }

    def read(self, **changes: Any) -> PreflightConfig:
        config = support.parsed({"preflight": {**self.GOOD, **changes}})
        return support.workload_of(config).preflight_on(config.preflight)

    def test_parse_reads_every_key(self) -> None:
        loaded = self.read()
        self.assertEqual(loaded.device_ips, {"10.0.0.1": ("192.168.100.101",)})
        self.assertEqual(loaded.rank_table, table())
        self.assertFalse(loaded.rdma)
        self.assertTrue(self.read(collective="nccl", board=None).rdma)
        self.assertIsNone(self.read(rankTable=None).rank_table)

    def test_parse_names_each_bad_value(self) -> None:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"fabric": "wifi"}, "preflight.fabric: must be one of"),
            ({"board": "a5"}, "preflight.board: must be one of 'a2', 'a3', '300i-duo'"),
            ({"devices": "fake"}, "preflight.devices: must be one of"),
            ({"deviceIps": {"10.0.0.1": "x"}}, "preflight.deviceIps.10.0.0.1: must be a list of texts"),
            ({"rankTable": {**self.GOOD["rankTable"], "version": "2.0"}}, "preflight.rankTable.version"),
        ]
        for changes, problem in cases:
            with self.subTest(changes=changes):
                with self.assertRaises(ConfigError) as caught:
                    self.read(**changes)
                (found,) = caught.exception.problems
                self.assertIn(problem, found)


if __name__ == "__main__":
    unittest.main()
