"""A rollout that brings another model, with a worker that has each model at once."""

import shutil
import unittest
from collections import namedtuple
from dataclasses import replace
from typing import Any
from unittest import mock

import support
from fixtures.staging_support import small_model
from rollout_case import RolloutCase
from simulated_source import SimulatedSource
from test_head_with_model import staging

from ray_node.channel.report import Replaced, Staged
from ray_node.channel.report_client import Exchange
from ray_node.channel.tasks import TaskRunner
from ray_node.config.workload import NumberedWorkload
from ray_node.host import clock
from ray_node.preflight import tasks

_Usage = namedtuple("_Usage", "total used free")


class RolloutModelTest(RolloutCase):
    def setUp(self) -> None:
        super().setUp()
        self.source = SimulatedSource(self, small_model())
        #: What the worker was asked for, in order.
        self.asked: list[tuple[str | None, Replaced | None]] = []
        #: The code that it fails with.
        self.code_of: dict[str, str] = {}

    def report(self) -> Exchange:
        exchange = super().report()
        answer = exchange.answer
        if answer is not None:
            staged = None
            if answer.staging is not None:
                code = self.code_of.get(str(answer.staged_workload))
                staged = Staged(answer.staging, code is None, code, "its disk is full" if code else "done")
                if (what := (answer.staged_workload, answer.replaced)) not in self.asked:
                    self.asked.append(what)
            self.reported = replace(self.reported, staged=staged)
        return exchange

    def with_model(self, name: str, *flags: str, placement: str = "replicated") -> NumberedWorkload:
        model: dict[str, Any] = staging(str(self.folder / name), placement=placement)
        return self.made(*flags, staging=model, deadlines__serving=200)

    def serve(self, given: NumberedWorkload) -> None:
        self.begin()
        self.assertEqual(self.wait(given), 0, self.text)

    def events(self) -> list[str]:
        return [line for line in self.printed if " rollout " in line]

    def test_model_comes_while_the_current_workload_serves(self) -> None:
        first, second = self.with_model("a"), self.with_model("b")
        self.serve(first)
        self.source.bytes_per_second = 50_000
        self.deliver(second)
        clock.sleep(10.0)
        self.assertEqual((self.found()["state"], self.found()["workload"]), ("serving", first.number))
        self.assertIn("npu-0 fetches", str(self.found()["rollout"]["detail"]))
        self.until_record(second)
        ways = self.states()[self.states().index("serving") :]
        self.assertEqual(ways, ["serving", "switching", "comparing", "loading", "serving"])
        self.assertTrue((self.folder / "a" / "config.json").exists())
        self.assertEqual([number for number, _ in self.asked], [first.number, second.number])

    def test_model_that_cannot_come_leaves_the_current_workload_serving(self) -> None:
        first, second = self.with_model("a"), self.with_model("b")
        self.serve(first)
        self.code_of = {second.number: "disk-full"}
        loads = self.states().count("loading")
        self.assertEqual(self.wait(second), 1)
        self.assertIn("npu-1 (127.0.0.2): the model is not staged, disk-full: its disk is full", self.text)
        self.assertIn(f"  serving now: {first.number}", self.text)
        self.assertEqual(self.states().count("loading"), loads)

    def test_disk_with_room_for_one_model_gets_the_next_after_the_engine_has_stopped(self) -> None:
        first, second = self.with_model("a"), self.with_model("b")
        self.serve(first)
        usage = _Usage(2_000_000, 1_700_000, 300_000)
        with mock.patch.object(shutil, "disk_usage", return_value=usage):
            self.assertEqual(self.wait(second), 0, self.text)
        said = "\n".join(self.events())
        self.assertIn("switching, the engine stops before the model comes: npu-0 (127.0.0.1):", said)
        self.assertFalse((self.folder / "a" / "config.json").exists())
        self.assertTrue((self.folder / "b" / "config.json").exists())
        ways = self.states()[self.states().index("switching") :]
        self.assertEqual(ways, ["switching", "staging", "comparing", "loading", "serving"])
        folder = str(self.folder / "a")
        self.assertIn((second.number, Replaced((folder,), is_free=True)), self.asked)

    def test_engine_that_fails_after_that_gets_its_model_again(self) -> None:
        first, second = self.with_model("a"), self.with_model("b", "--exit-at-once")
        self.serve(first)
        usage = _Usage(2_000_000, 1_700_000, 300_000)
        with mock.patch.object(shutil, "disk_usage", return_value=usage):
            self.assertEqual(self.wait(second), 1)
        self.assertIn(f"  serving now: {first.number}", self.text)
        self.assertTrue((self.folder / "a" / "config.json").exists())
        self.assertFalse((self.folder / "b" / "config.json").exists())

    def test_model_on_shared_storage_is_never_removed(self) -> None:
        self.tasks = TaskRunner(tasks.handlers(self.config, "npu-1", support.WORKER, {}), lambda: None)
        first, second = (self.with_model(name, placement="shared") for name in ("a", "b"))
        self.serve(first)
        usage = _Usage(2_000_000, 1_700_000, 300_000)
        with mock.patch.object(shutil, "disk_usage", return_value=usage):
            self.assertEqual(self.wait(second), 1)
        self.assertIn("disk-full", self.text)
        self.assertIn(f"  serving now: {first.number}", self.text)
        self.assertTrue((self.folder / "a" / "config.json").exists())


if __name__ == "__main__":
    unittest.main()
