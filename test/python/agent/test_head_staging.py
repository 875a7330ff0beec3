import unittest
from collections.abc import Mapping
from unittest import mock

import support
from head_case import VERSIONS

from ray_node.agent.head_staging import HeadStaging, Part
from ray_node.channel.report import HeardReport, NodeReport, Replaced, Staged
from ray_node.cluster.membership import Member
from ray_node.config.staging_config import StagedModel, StagingConfig
from ray_node.host import clock
from ray_node.host.failure import ClusterFailed
from ray_node.staging.request import PathSource

ADDRESSES = [f"127.0.0.{index}" for index in range(1, 4)]
MEMBERS = [
    Member(f"npu-{index}", "npu", address, True, False, "member", 8, 8, address, True)
    for index, address in enumerate(ADDRESSES)
]
MODEL = StagingConfig((StagedModel("model", PathSource(), "/models/m", "shared"),), 4, 600.0)
DONE = Staged(1, True, None, "done 5 GB")


class FakeNode:
    """The head's own part as the test says it is."""

    def __init__(self) -> None:
        self.staged: Staged | None = None
        self.begun: list[int] = []
        self.stops = 0
        self.deadline = clock.Deadline(600)
        self.settings = mock.Mock(deadline_seconds=600)

    def begin(self, attempt: int, staging: StagingConfig, replaced: Replaced | None) -> None:
        self.begun.append(attempt)

    def look(self) -> bool:
        return False

    def published(self) -> dict[str, object]:
        return {"model": "hub:m"}

    def stop(self) -> None:
        self.stops += 1


def heard(**staged: Staged | None) -> Mapping[str, HeardReport]:
    """By the last part of a name: `n1=...` is the report of npu-1."""
    found = {}
    for name, value in staged.items():
        index = int(name[1:])
        message = NodeReport(
            "c", f"npu-{index}", "npu", ADDRESSES[index], "joined", None, VERSIONS, 8, 8, 0.0, value
        )
        found[ADDRESSES[index]] = HeardReport(message, 0.0, 0.0)
    return found


class Whole(unittest.TestCase):
    def setUp(self) -> None:
        self.node = FakeNode()
        self.staging = HeadStaging(self.node, "npu-0", support.HEAD)  # type: ignore[arg-type]
        self.staging.begin(None, MODEL)

    def test_look_succeeds_when_every_node_has_the_model(self) -> None:
        self.node.staged = DONE
        self.assertFalse(self.staging.look(MEMBERS, {}))
        self.assertFalse(self.staging.look(MEMBERS, heard(n1=DONE, n2=None)))
        self.assertFalse(self.staging.look(MEMBERS, heard(n1=DONE, n2=Staged(1, False, None, "waits"))))
        self.assertTrue(self.staging.look(MEMBERS, heard(n1=DONE, n2=DONE)))
        self.assertEqual(self.staging.outcome, "all 3 nodes have the model: done 5 GB")

    def test_look_waits_for_the_head(self) -> None:
        self.node.staged = Staged(1, False, None, "fetches")
        self.assertFalse(self.staging.look(MEMBERS, heard(n1=DONE, n2=DONE)))

    def test_report_of_an_earlier_attempt_is_ignored(self) -> None:
        self.staging.give_up()
        self.assertEqual((self.staging.asked, self.node.stops), (None, 1))
        self.staging.begin(None, MODEL)
        self.assertEqual(self.node.begun, [1, 2])
        self.node.staged = Staged(2, True, None, "done")
        old = heard(n1=DONE, n2=Staged(1, False, "disk-full", "full"))
        self.assertFalse(self.staging.look(MEMBERS, old))
        self.assertIn("npu-1 has not started; npu-2 has not started", self.staging.waiting)

    def test_attempt_under_way_survives_a_lost_member(self) -> None:
        self.staging.begin(None, MODEL)
        self.assertEqual(self.node.begun, [1, 1])

    def test_node_that_cannot_stage_is_the_culprit(self) -> None:
        self.node.staged = DONE
        full = Staged(1, False, "disk-full", "the disk is full; make room")
        with self.assertRaises(ClusterFailed) as caught:
            self.staging.look(MEMBERS, heard(n1=DONE, n2=full))
        reason = "the model is not staged, disk-full: the disk is full; make room"
        self.assertEqual(caught.exception.reason, f"npu-2 (127.0.0.3): {reason}")
        culprit = caught.exception.culprit
        assert culprit is not None
        self.assertEqual((culprit.name, culprit.address, culprit.reason), ("npu-2", ADDRESSES[2], reason))
        nodes = (self.staging.published() or {})["nodes"]
        self.assertEqual([node["code"] for node in nodes], [None, None, "disk-full"])

    def test_failure_of_the_head_is_named_before_those_that_wait_for_it(self) -> None:
        self.node.staged = Staged(1, False, "gated-model", "no access")
        waiting = Staged(1, False, "staging-timeout", "the head cannot get the model")
        with self.assertRaisesRegex(ClusterFailed, "npu-0 .*gated-model: no access"):
            self.staging.look(MEMBERS, heard(n1=waiting, n2=waiting))

    def test_silent_node_is_the_culprit_after_the_deadline(self) -> None:
        self.node.staged = DONE
        self.node.deadline = clock.Deadline(0.0)
        with (
            mock.patch("ray_node.agent.head_staging._MARGIN_SECONDS", -1.0),
            self.assertRaisesRegex(ClusterFailed, r"npu-2 \(127.0.0.3\): .* after 0 s: has not started"),
        ):
            self.staging.look(MEMBERS, heard(n1=DONE))

    def test_waiting_text_names_only_the_first_nodes(self) -> None:
        self.staging._parts = (
            Part("npu-0", None, DONE),
            *(Part(f"npu-{index}", None, None) for index in range(1, 6)),
        )
        self.assertEqual(
            self.staging.waiting,
            "the model is complete on 1 of 6 nodes: npu-1 has not started; npu-2 has not started; "
            "npu-3 has not started; 2 more",
        )


if __name__ == "__main__":
    unittest.main()
