"""Who runs which rank, what the nodes are told, and what their reports say of the group."""

import unittest
from typing import Any
from unittest import mock

import support

from ray_node.channel.follower_messages import FollowerReport, RunDirective
from ray_node.channel.report import HeardReport, NodeReport
from ray_node.cluster.membership import Member
from ray_node.config.workload import Pool
from ray_node.engine import group as engine_group
from ray_node.engine.group import EngineGroup, ranks
from ray_node.host.versions import Versions

HEAD = "10.89.28.10"
FOLLOWER = {"engine.follower": {"argv": ["serve"], "rankFlag": "--node-rank"}}
TWO_POOLS: dict[str, Any] = {
    **FOLLOWER,
    "pools": [
        {"name": "cpu", "nodes": 1, "accelerators": 0, "resource": None, "addresses": ["10.89.28.40"]},
        {"name": "npu", "nodes": 2, "accelerators": 8, "resource": "NPU", "addresses": [HEAD, "10.89.28.9"]},
        {"name": "big", "nodes": 2, "accelerators": 8, "resource": "NPU", "addresses": None},
    ],
}


def member(address: str, pool: str = "npu") -> Member:
    return Member(f"n-{address}", pool, address, True, False, "member", 8, 8, address, True)


def shape(changes: dict[str, Any]) -> tuple[Pool, ...]:
    return support.workload_of(support.parsed(changes)).pools


class RanksTest(unittest.TestCase):
    def test_ranks_follow_the_order_of_the_plan(self) -> None:
        pools = shape(
            {**FOLLOWER, "pools.0.nodes": 3, "pools.0.addresses": [HEAD, "10.89.28.30", "10.89.28.20"]}
        )
        members = [member(HEAD), member("10.89.28.30"), member("10.89.28.20")]
        self.assertEqual(ranks(pools, HEAD, members), {"10.89.28.30": 1, "10.89.28.20": 2})

    def test_ranks_skip_pools_without_accelerators(self) -> None:
        pools = shape(TWO_POOLS)
        members = [
            member("10.89.28.40", "cpu"),
            *(member(HEAD), member("10.89.28.9")),
            *(member("10.89.28.100", "big"), member("10.89.28.20", "big")),
        ]
        self.assertEqual(
            ranks(pools, HEAD, members),
            {"10.89.28.9": 1, "10.89.28.20": 2, "10.89.28.100": 3},
        )

    def test_ranks_of_a_pool_without_addresses_are_as_many_as_planned(self) -> None:
        """A machine that was replaced may still be listed."""
        pools = shape({**FOLLOWER, "pools.0.addresses": None, "pools.0.nodes": 3})
        members = [member(f"10.89.28.{last}") for last in (100, 9, 10, 20)]
        self.assertEqual(ranks(pools, HEAD, members), {"10.89.28.9": 1, "10.89.28.20": 2})


class EngineGroupTest(unittest.TestCase):
    A = "10.89.28.11"
    B = "10.89.28.12"

    def setUp(self) -> None:
        self.now = 1000.0
        clock = mock.patch("ray_node.host.clock.monotonic", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)
        self.heard: dict[str, tuple[FollowerReport | None, float]] = {}
        addresses = [HEAD, self.A, self.B]
        config = support.parsed({**FOLLOWER, "pools.0.nodes": 3, "pools.0.addresses": addresses})
        self.workload = support.workload_of(config)
        self.group = EngineGroup(HEAD, self.reports)
        self.members = [member(address) for address in addresses]

    def reports(self) -> dict[str, HeardReport]:
        return {
            address: HeardReport(
                NodeReport(
                    *("c", "n", "npu", address, "joined", None, Versions("2", "3"), 8, 8, 0.0),
                    follower=follower,
                ),
                self.now - at,
                0.0,
            )
            for address, (follower, at) in self.heard.items()
        }

    def says(self, address: str, follower: FollowerReport | None) -> None:
        self.heard[address] = (follower, self.now)

    def start(self) -> None:
        self.says(self.A, None)
        self.says(self.B, None)
        self.group.form(self.workload, None, self.members)
        self.assertEqual(self.group.lingering(), [])
        self.group.start()

    def test_group_directs_by_its_answers(self) -> None:
        self.assertIsNone(self.group.run_for(self.A))
        self.start()
        self.assertEqual(self.group.run_for(self.A), RunDirective(1, 1))
        self.assertEqual(self.group.run_for(self.B), RunDirective(1, 2))
        self.assertIsNone(self.group.run_for(HEAD))
        self.assertIsNone(self.group.run_for("10.89.28.99"))
        self.group.release()
        self.assertFalse(self.group.everybody_told())
        self.assertIsNone(self.group.run_for(self.A))
        self.assertFalse(self.group.everybody_told())
        self.group.run_for(self.B)
        self.assertTrue(self.group.everybody_told())
        self.group.start()
        self.assertEqual(self.group.run_for(self.A), RunDirective(2, 1))

    def test_group_without_followers_directs_nobody(self) -> None:
        group = EngineGroup(HEAD, self.reports)
        group.form(support.workload_of(support.parsed()), None, self.members)
        group.start()
        self.assertFalse(group.active)
        self.assertEqual((group.lingering(), group.ends(), group.absent()), ([], [], []))
        self.assertIsNone(group.run_for(self.A))

    def test_ends_are_listed_in_the_order_they_happened(self) -> None:
        self.start()
        self.assertEqual(self.group.ends(), [])
        self.now += 10
        self.says(self.A, FollowerReport(1, "ended", "exited with code 1", ("lost rank 2",), 0.1))
        self.now += 0.5
        self.says(self.B, FollowerReport(1, "ended", "was killed by SIGKILL", (), 0.9))
        self.now += 3
        ends = self.group.ends()
        self.assertEqual((ends[0].rank, ends[0].reason), (2, "was killed by SIGKILL"))
        self.assertAlmostEqual(ends[0].at, 1009.6)
        self.assertEqual((ends[1].lines, ends[1].member.address), (("lost rank 2",), self.A))

    def test_ends_of_an_earlier_attempt_are_ignored(self) -> None:
        self.start()
        self.says(self.A, FollowerReport(7, "ended", "x", (), 0.0))
        self.assertEqual(self.group.ends(), [])
        self.group.release()
        self.says(self.A, FollowerReport(1, "ended", "x", (), 0.0))
        self.assertEqual(self.group.ends(), [])

    def test_absent_lists_followers_that_never_reported(self) -> None:
        self.start()
        self.says(self.A, FollowerReport(1, "running"))
        self.assertEqual(self.group.absent(), [])
        self.now += engine_group.START_SECONDS + 0.1
        self.assertEqual([item.address for item in self.group.absent()], [self.B])
        self.says(self.B, FollowerReport(1, "running"))
        self.assertEqual(self.group.absent(), [])

    def test_lingering_lists_nodes_with_an_earlier_follower(self) -> None:
        self.start()
        self.says(self.A, FollowerReport(1, "running"))
        self.group.release()
        self.group.form(self.workload, None, self.members)
        self.assertEqual([item.address for item in self.group.lingering()], [self.A, self.B])
        self.now += 1
        self.says(self.A, FollowerReport(1, "running"))
        self.says(self.B, None)
        self.assertEqual([item.address for item in self.group.lingering()], [self.A])
        self.now += 1
        self.says(self.A, FollowerReport(1, "ended", "was killed by SIGTERM", (), 0.0))
        self.assertEqual(self.group.lingering(), [])

    def test_lingering_ignores_reports_from_before_the_release(self) -> None:
        """The node may have started its part a moment after it."""
        self.start()
        self.group.release()
        self.now += 0.2
        self.says(self.A, None)
        self.says(self.B, None)
        self.assertEqual(len(self.group.lingering()), 2)
        self.now += 0.3
        self.says(self.A, None)
        self.assertEqual([item.address for item in self.group.lingering()], [self.B])

    def test_silent_since_lists_followers_without_a_later_report(self) -> None:
        self.start()
        moment = self.now
        self.now += 1
        self.says(self.A, FollowerReport(1, "running"))
        self.now += 5
        self.assertEqual([item.address for item in self.group.silent_since(moment)], [self.B])
        self.assertEqual(len(self.group.silent_since(self.now)), 2)


if __name__ == "__main__":
    unittest.main()
