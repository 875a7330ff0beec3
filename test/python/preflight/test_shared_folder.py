import os
import tempfile
import unittest
from pathlib import Path

from preflight_cluster import PreflightCluster, wanted

from ray_node.hardware.finding import FAILED, OK, WARNING, Finding
from ray_node.preflight import shared_folder
from ray_node.preflight.facts import NodeFacts
from ray_node.preflight.shared_folder import SeenFolder

NODES = [NodeFacts(f"gpu-{index}", f"10.0.0.{index}", 8, (), False) for index in range(3)]
HERE = SeenFolder("/models/.mark", "nfs4 of 10.0.0.9:/export")
DISK = SeenFolder(None, "ext4 of /dev/sda2")


def outcomes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(item.node, item.outcome) for item in findings]


class JudgeTest(unittest.TestCase):
    def judge(self, head: SeenFolder, *others: SeenFolder) -> list[Finding]:
        seen = {node.address: other for node, other in zip(NODES[1:], others, strict=True)}
        return shared_folder.judge(NODES, head, seen, "/models/llama")

    def test_judge_of_one_storage_passes(self) -> None:
        self.assertEqual(outcomes(self.judge(HERE, HERE, HERE)), [("gpu-1", OK), ("gpu-2", OK)])

    def test_judge_of_a_worker_with_another_folder_names_it_and_both_file_systems(self) -> None:
        findings = self.judge(HERE, HERE, DISK)
        self.assertEqual(outcomes(findings), [("gpu-2", FAILED), ("gpu-1", OK)])
        self.assertIn("ext4 of /dev/sda2 here, nfs4 of 10.0.0.9:/export on the head", findings[0].seen)

    def test_judge_of_a_head_whose_folder_nobody_sees_names_the_head(self) -> None:
        findings = self.judge(SeenFolder("/models/.mark", "overlay of overlay"), DISK, DISK)
        self.assertEqual(outcomes(findings), [("gpu-0", FAILED)])

    def test_judge_of_a_folder_that_is_read_only_warns(self) -> None:
        findings = self.judge(SeenFolder(None, "nfs4 of x", "Read-only file system"), HERE, HERE)
        self.assertEqual(outcomes(findings), [("gpu-0", WARNING)])


class SharedStorageTest(unittest.TestCase):
    """Both nodes over the report port, each with a root of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.roots = [Path(folder.name) / name for name in ("head", "worker")]
        for root in self.roots:
            (root / "models").mkdir(parents=True)

    def report(self) -> list[tuple[str, str]]:
        plan = wanted(board=None, fabric="tcp", collective=None)
        roots = (str(self.roots[0]), str(self.roots[1]))
        cluster = PreflightCluster(self, (plan, plan), roots, shared_folder="/models/llama")
        return outcomes([item for item in cluster.report().findings if item.check == shared_folder.CHECK])

    def test_run_with_one_storage_passes_and_leaves_nothing_behind(self) -> None:
        (self.roots[1] / "models").rmdir()
        os.symlink(self.roots[0] / "models", self.roots[1] / "models")
        self.assertEqual(self.report(), [("npu-1", OK)])
        self.assertEqual(os.listdir(self.roots[0] / "models"), [])

    def test_run_with_a_folder_that_is_not_mounted_fails_before_anything_is_fetched(self) -> None:
        self.assertEqual(self.report(), [("npu-1", FAILED)])
        self.assertEqual([os.listdir(root / "models") for root in self.roots], [[], []])


if __name__ == "__main__":
    unittest.main()
