import json
import unittest
from dataclasses import dataclass, field
from typing import Any

import support

from ray_node.channel import plain
from ray_node.channel.plain import NotPlain
from ray_node.channel.report import HeardReport, NodeReport
from ray_node.cluster import membership, membership_reader
from ray_node.cluster.membership import Assessment, Evidence, SeenNode
from ray_node.config.schema import NodeConfig
from ray_node.host.versions import Versions

HEAD = "10.89.28.10"
WORKER = "10.89.28.11"
FULL = {"NPU": 8.0, "CPU": 1.0}


def seen(address: str, alive: bool = True, name: str = "", npus: float = 8, **more: Any) -> SeenNode:
    return SeenNode(more.get("node_id", address), alive, address, name, {"NPU": npus}, more.get("death", ""))


def heard(address: str, state: str = "starting", name: str = "npu-1", **more: Any) -> HeardReport:
    report = NodeReport(
        cluster="local-2x8",
        name=name,
        pool="npu",
        address=address,
        state=state,
        reason=more.get("reason"),
        versions=Versions("2.58.0", "3.11.2"),
        accelerators_found=8,
        accelerators_planned=8,
        wall_clock=0.0,
    )
    return HeardReport(report, more.get("age", 1.0), 0.0, more.get("failure"), more.get("failure_age", 1.0))


@dataclass(frozen=True)
class Case:
    """What is known about the worker, and the verdict on it."""

    verdict: str
    nodes: tuple[SeenNode, ...] = ()
    report: HeardReport | None = None
    rejected: float | None = None
    probe: str | None = None
    ok: bool = False
    definite: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case("member with 8 NPU", (seen(WORKER),), ok=True),
    Case("member with 8 NPU", (seen(WORKER),), heard(WORKER, "joined"), ok=True),
    Case("member with 8 NPU, silent for 20 s", (seen(WORKER),), heard(WORKER, "joined", age=24.0), ok=True),
    Case("joined with 6 of 8 accelerators (NPU)", (seen(WORKER, npus=6),), definite=True),
    Case("joined with 0 of 8 accelerators (NPU)", (seen(WORKER, npus=0),), definite=True),
    Case(
        "has restarted, but Ray still lists its previous run",
        (seen(WORKER, node_id="old"), seen(WORKER, node_id="new")),
    ),
    Case("member with 8 NPU", (seen(WORKER, alive=False, node_id="old"), seen(WORKER)), ok=True),
    Case("never reported"),
    Case("never reported, host does not answer", probe="host does not answer"),
    Case("never reported, host answers, Ray port 6380 closed", probe="host answers, Ray port 6380 closed"),
    Case("not joined yet: waiting for the head", report=heard(WORKER, reason="waiting for the head")),
    Case("not joined yet: starting", report=heard(WORKER)),
    Case("silent for 40 s, last joined", report=heard(WORKER, "joined", age=43.0)),
    Case(
        "version mismatch: Ray 2.47.1 here, 2.58.0 on the head",
        report=heard(WORKER, "failed", failure="version mismatch: Ray 2.47.1 here, 2.58.0 on the head"),
        definite=True,
    ),
    Case(
        "version mismatch",
        report=heard(WORKER, "starting", failure="version mismatch", failure_age=20.0),
        definite=True,
    ),
    Case(
        "not joined yet: starting",
        report=heard(WORKER, "starting", failure="version mismatch", failure_age=26.0),
    ),
    Case("wrong token: its reports are not signed with this cluster's token", rejected=2.0, definite=True),
    Case("never reported", rejected=30.0),
    Case("left the cluster (missed heartbeats)", (seen(WORKER, False, death="missed  heartbeats"),)),
    Case(
        "left the cluster (missed heartbeats), silent for 10 s, last joined",
        (seen(WORKER, False, death="missed heartbeats"),),
        heard(WORKER, "joined", age=15.0),
    ),
    Case(
        "left the cluster; now joins the cluster",
        (seen(WORKER, False),),
        heard(WORKER, reason="joins the cluster"),
    ),
    Case("left the cluster, no route to the host", (seen(WORKER, False),), probe="no route to the host"),
]


def assess(config: NodeConfig, evidence: Evidence) -> Assessment:
    return membership.assess(config, support.workload_of(config).pools, evidence)


class MembershipTest(unittest.TestCase):
    def test_verdict_on_a_worker(self) -> None:
        config = support.parsed()
        for case in CASES:
            with self.subTest(case=case):
                evidence = Evidence(
                    nodes=(seen(HEAD), *case.nodes),
                    reports={WORKER: case.report} if case.report else {},
                    rejected={WORKER: case.rejected} if case.rejected is not None else {},
                    probes={WORKER: case.probe} if case.probe else {},
                )
                result = assess(config, evidence)
                head, worker = result.members
                self.assertEqual((head.name, head.ok), ("npu-0", True))
                self.assertEqual((worker.name, worker.address), ("npu-1", WORKER))
                self.assertEqual(
                    (worker.verdict, worker.ok, worker.definite), (case.verdict, case.ok, case.definite)
                )
                self.assertEqual(result.whole, case.ok)
                self.assertEqual(result.culprit is None, case.ok)
                if result.culprit is not None:
                    self.assertEqual(str(result.culprit), "npu-1 (10.89.28.11)")
                    self.assertEqual(str(result), f"npu-1 (10.89.28.11): {case.verdict}")

    def test_membership_without_evidence_is_not_whole(self) -> None:
        self.assertFalse(membership.Assessment((), ()).whole)
        result = assess(support.parsed(), Evidence())
        self.assertEqual(
            str(result),
            "npu-0 (10.89.28.10): Ray is starting on the head; npu-1 (10.89.28.11): never reported",
        )

    def test_head_with_too_few_accelerators_is_the_culprit(self) -> None:
        result = assess(support.parsed(), Evidence((seen(HEAD, npus=7), seen(WORKER))))
        self.assertEqual(str(result.culprit), "npu-0 (10.89.28.10)")

    def test_culprit_is_the_node_that_waiting_does_not_repair(self) -> None:
        config = support.parsed({"pools.0.nodes": 3, "pools.0.addresses": [HEAD, WORKER, "10.89.28.12"]})
        result = assess(config, Evidence((seen(HEAD), seen("10.89.28.12", npus=4))))
        self.assertEqual(len(result.missing), 2)
        self.assertEqual(str(result.culprit), "npu-2 (10.89.28.12)")

    def test_node_with_an_unplanned_address_is_named(self) -> None:
        stranger = seen("10.89.28.77", name="npu-1")
        result = assess(support.parsed(), Evidence((seen(HEAD), stranger)))
        self.assertFalse(result.whole)
        self.assertIn("not planned but in the cluster: npu-1 (10.89.28.77)", str(result))

    def test_pool_without_accelerators_is_whole(self) -> None:
        config = support.parsed({"pools.0.resource": None, "pools.0.accelerators": 0})
        result = assess(config, Evidence((seen(HEAD), seen(WORKER, npus=0))))
        self.assertTrue(result.whole)
        self.assertEqual(result.members[1].verdict, "member")

    def test_restarted_member_has_another_node_id(self) -> None:
        before = assess(support.parsed(), Evidence((seen(HEAD), seen(WORKER, node_id="a"))))
        after = assess(support.parsed(), Evidence((seen(HEAD), seen(WORKER, node_id="b"))))
        self.assertTrue(before.whole and after.whole)
        self.assertNotEqual(before.node_ids, after.node_ids)


class CountedPoolTest(unittest.TestCase):
    """A pool whose addresses the place assigns: an Auto Scaling group."""

    def setUp(self) -> None:
        head = {"name": "head", "nodes": 1, "accelerators": 0, "resource": None, "addresses": [HEAD]}
        pool = {"name": "npu", "nodes": 2, "accelerators": 8, "resource": "NPU", "addresses": None}
        big = {"name": "npu-big", "nodes": 1, "accelerators": 8, "resource": "NPU", "addresses": None}
        self.config = support.parsed({"pools": [head, pool, big], "node.pool": "head", "head.name": "head-0"})
        self.head = seen(HEAD, name="head-0", npus=0)
        self.big = seen("10.89.28.60", name="npu-big-10.89.28.60")

    def test_nodes_count_by_the_name_of_their_pool(self) -> None:
        nodes = (
            self.head,
            seen("10.89.28.50", name="npu-10.89.28.50"),
            seen("10.89.28.51", name="npu-10.89.28.51"),
            self.big,
        )
        result = assess(self.config, Evidence(nodes))
        self.assertTrue(result.whole, str(result))
        self.assertEqual([member.pool for member in result.members], ["head", "npu", "npu", "npu-big"])

    def test_missing_rest_of_a_pool_is_one_member(self) -> None:
        nodes = (self.head, seen("10.89.28.50", name="npu-10.89.28.50"), self.big)
        result = assess(self.config, Evidence(nodes))
        self.assertEqual(str(result), "pool npu: 1 of 2 nodes are members, 1 never reported")

    def test_node_that_only_reported_is_named(self) -> None:
        nodes = (self.head, seen("10.89.28.50", name="npu-10.89.28.50"), self.big)
        reports = {
            "10.89.28.51": heard("10.89.28.51", "failed", "npu-10.89.28.51", failure="version mismatch: x")
        }
        result = assess(self.config, Evidence(nodes, reports))
        self.assertEqual(str(result), "npu-10.89.28.51 (10.89.28.51): version mismatch: x")

    def test_remains_of_a_replaced_machine_are_ignored(self) -> None:
        nodes = (
            self.head,
            seen("10.89.28.50", name="npu-10.89.28.50"),
            seen("10.89.28.52", name="npu-10.89.28.52"),
            self.big,
        )
        reports = {"10.89.28.51": heard("10.89.28.51", "joined", "npu-10.89.28.51", age=500.0)}
        self.assertTrue(assess(self.config, Evidence(nodes, reports)).whole)


class WatchLineTest(unittest.TestCase):
    def test_line_of_the_watch_reads_back(self) -> None:
        node = SeenNode("a1", True, "10.0.0.1", "npu-0", {"NPU": 8.0}, "died")
        self.assertEqual(membership_reader.parse(json.dumps(plain.encode([node]))), (node,))

    def test_malformed_line_is_refused(self) -> None:
        for line in ("[", "[1]", '[{"nodeId": "a"}]'):
            with self.subTest(line=line), self.assertRaises((ValueError, NotPlain)):
                membership_reader.parse(line)


if __name__ == "__main__":
    unittest.main()
