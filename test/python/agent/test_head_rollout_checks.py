"""A rollout on machines with NPUs, which are checked while the current workload has them."""

import functools
import unittest
from unittest import mock

import support
from ascend_machine import AscendMachine
from head_case import WHOLE, FakeReader
from rollout_case import RolloutCase

from ray_node.agent import state
from ray_node.channel.tasks import TaskRunner
from ray_node.config.load import parse
from ray_node.preflight import tasks as preflight_tasks

#: Before it is replaced.
HANDLERS = preflight_tasks.handlers
TABLE = {"path": "/table.json", "version": "1.0", "devicePort": 16666}


class RolloutChecksTest(RolloutCase):
    def setUp(self) -> None:
        super().setUp()
        self.machines = [AscendMachine(self, "a2", server, 4) for server in range(2)]
        rooted = functools.partial(HANDLERS, root=self.machines[0].root)
        patch = mock.patch("ray_node.preflight.tasks.handlers", rooted)
        patch.start()
        self.addCleanup(patch.stop)
        preflight = {"board": "a2", "devices": "real", "rankTable": TABLE}
        changes = {f"preflight__{key}": item for key, item in preflight.items()}
        self.value = support.on_loopback(self.folder, node__accelerators__planned=4, **changes)  # type: ignore[arg-type]
        self.config = parse(support.node_life(self.value))
        self.path = state.path_of(self.config.paths.state, "npu-0")
        handlers = HANDLERS(self.config, "npu-1", support.WORKER, {}, self.machines[1].root)
        self.tasks = TaskRunner(handlers, lambda: None)
        self.first, self.second = self.made(), self.made("--break", "/nowhere", deadlines__serving=100)
        self.begin()
        self.assertEqual(self.wait(self.first), 0, self.text)

    def since(self, first: str) -> list[str]:
        states = self.states()
        return states[states.index(first) :]

    def test_machines_are_checked_before_the_switch_and_not_again_after_it(self) -> None:
        self.assertEqual(self.wait(self.second), 0, self.text)
        self.assertEqual(self.since("serving"), ["serving", "switching", "comparing", "loading", "serving"])
        tables = [machine.read("table.json") for machine in self.machines]
        self.assertEqual(tables[0], tables[1])

    def test_machine_that_is_not_fit_leaves_the_current_workload_serving(self) -> None:
        self.machines[1].fault("link", "2", "DOWN")
        self.assertEqual(self.wait(self.second), 1)
        self.assertIn("preflight: npu-1", self.text)
        self.assertIn(f"  serving now: {self.first.number}", self.text)
        self.assertEqual(self.since("serving"), ["serving"])

    def test_added_machine_is_checked_while_the_others_serve(self) -> None:
        alone = self.made(pools__0__nodes=1, pools__0__addresses=[support.HEAD])
        self.deliver(alone)
        self.until("switching")
        FakeReader.nodes = WHOLE[:1]
        self.until_record(alone)
        FakeReader.nodes = WHOLE
        self.assertEqual(self.wait(self.second), 0, self.text)
        self.assertEqual(self.machines[0].read("table.json"), self.machines[1].read("table.json"))

    def test_accelerators_that_the_current_workload_holds_are_no_finding(self) -> None:
        for device in range(4):
            self.machines[1].fault("process", str(device), "60000", "python3")
        self.assertEqual(self.wait(self.second), 0, self.text)
        self.assertNotIn("60000", self.text)


if __name__ == "__main__":
    unittest.main()
