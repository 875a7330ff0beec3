"""The head changes from one workload to another on the cluster that is there."""

import unittest
from dataclasses import replace
from typing import Any
from unittest import mock

import support
from head_case import WHOLE, FakeReader, HeadCase, HeadWithoutRay

from ray_node.agent import state
from ray_node.config.workload import Workload
from ray_node.host import clock


class ChangeTest(HeadCase):
    simulated = True

    def setUp(self) -> None:
        super().setUp()
        FakeReader.nodes = WHOLE
        self.start()
        self.first = self.until("serving")

    def change(self, *flags: str, **changes: Any) -> None:
        """From now on an engine with these further flags is to run."""
        known = support.workload_of(self.config)
        engine = replace(known.engine, argv=(*known.engine.argv, *flags), **changes)
        self.wants("changed", replace(known, engine=engine))

    def wants(self, number: str, workload: Workload) -> None:
        patch = mock.patch.dict(HeadWithoutRay.others, {number: workload})
        patch.start()
        self.addCleanup(patch.stop)
        self.head.subject = number

    def serving_again(self, before: dict[str, Any]) -> dict[str, Any]:
        return self.until("serving", after=(clock.epoch(before["since"]) or 0) + 0.001)

    def test_changed_workload_serves_on_the_same_ray(self) -> None:
        engine = self.head.engine and self.head.engine.run
        self.change("--break", "/nowhere")
        second = self.serving_again(self.first)
        ways = self.states()[self.states().index("serving") :]
        self.assertEqual(ways, ["serving", "switching", "comparing", "loading", "serving"])
        self.assertEqual((self.head.ray_starts, second["session"]), (1, self.first["session"]))
        self.assertIsNot(self.head.engine and self.head.engine.run, engine)

    def test_engine_that_refuses_its_flags_leaves_the_way_back(self) -> None:
        self.change("--exit-at-once")
        failed = self.until("failed")
        self.assertEqual(failed["reason"], "the engine exited with code 7 (3 times in a row)")
        self.head.subject = "node.json"
        self.serving_again(self.first)
        self.assertNotIn("retrying", self.states())

    def test_change_while_a_member_is_lost_waits_for_it(self) -> None:
        FakeReader.nodes = WHOLE[:1]
        self.until("degraded")
        self.change("--break", "/nowhere")
        clock.sleep(5.0)
        self.assertEqual((state.read(self.path) or {})["state"], "degraded")
        FakeReader.nodes = WHOLE
        self.serving_again(self.first)
        self.assertEqual(self.states().count("loading"), 2)

    def test_cluster_on_which_nothing_is_to_run_any_more_is_ready(self) -> None:
        known = support.workload_of(self.config)
        self.wants("none", replace(known, engine=replace(known.engine, kind="none", argv=(), api=None)))
        ready = self.until("ready")
        self.assertIsNone(ready["completion"])
        self.assertIsNone(self.head.engine and self.head.engine.run)


if __name__ == "__main__":
    unittest.main()
