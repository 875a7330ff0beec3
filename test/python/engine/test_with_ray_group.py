"""An engine with a process on each node, with real Ray: two nodes in namespaces, as root.

Runs where `ray` is installed for this Python, else says that it is skipped.
"""

import json
import signal
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import namespaces
import support
from test_with_ray import NO_NAMESPACES, real

from ray_node.agent import state
from ray_node.host import clock

ADDRESSES = ["10.89.251.10", "10.89.251.11"]


@unittest.skipIf(NO_NAMESPACES is not None, str(NO_NAMESPACES))
class GroupTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        network = namespaces.Network()
        self.addCleanup(network.close)
        ports = support.on_loopback(self.folder)["ports"]
        program = [
            *(sys.executable, str(support.FIXTURES / "group_engine.py"), "--nodes", "2"),
            *("--meet", f"{ADDRESSES[0]}:29501", "--folder", str(self.folder)),
        ]
        self.machines = []
        for index, own in enumerate(ADDRESSES):
            changes: dict[str, Any] = {
                "subnet": "10.89.251.0/24",
                "ports": ports,
                "engine.api.port": 8000,
                "engine.argv": [*program, "--port", "8000"],
                "engine.follower": {"argv": program, "rankFlag": "--node-rank"},
                "engine.api.proof.0.expect": "2 of 2 ranks",
                "environment.node": {"OWN_ADDRESS": "address", "OWN_INTERFACE": "exact-interface"},
                "environment.own": {"RANK": str(index)},
                "environment.driver": {"FROM_THE_DRIVER": "1"},
            }
            config = self.folder / f"npu-{index}.json"
            value = support.changed(real(self.folder, ADDRESSES, index), changes)
            config.write_text(json.dumps(value), encoding="utf-8")
            self.machines.append(namespaces.Machine(network, own, self.folder, config))
        self.head, self.worker = self.machines
        self.path = state.path_of(str(self.folder / "state"), "npu-0")

    def serving(self, before: dict[str, Any] | None = None) -> dict[str, Any]:
        after = 0.0 if before is None else (clock.epoch(before["since"]) or 0) + 0.001
        try:
            return support.await_state(self.path, "serving", 120, after)
        except AssertionError as error:
            logs = "\n".join(machine.log.read_text(encoding="utf-8") for machine in self.machines)
            raise AssertionError(f"{error}\n{logs}") from error

    def last_degraded(self, found: dict[str, Any]) -> dict[str, Any]:
        entries: list[dict[str, Any]] = [entry for entry in found["history"] if entry["state"] == "degraded"]
        return entries[-1]

    def test_serves_and_heals_as_one(self) -> None:
        for machine in self.machines:
            self.addCleanup(machine.close)
            machine.start()
        serving = self.serving()
        self.assertEqual(serving["completion"]["text"], "2 of 2 ranks")
        for rank, own in enumerate(ADDRESSES):
            seen = json.loads((self.folder / f"seen-{rank}.json").read_text(encoding="utf-8"))
            found = {name: seen[name] for name in ("OWN_ADDRESS", "OWN_INTERFACE", "RANK", "FROM_THE_DRIVER")}
            self.assertEqual(
                found,
                {"OWN_ADDRESS": own, "OWN_INTERFACE": "=eth0", "RANK": str(rank), "FROM_THE_DRIVER": "1"},
            )

        with self.subTest("the follower is killed"):
            self.assertEqual(self.worker.signal("group_engine.py", signal.SIGKILL), 1)
            serving = self.serving(serving)
            reason = self.last_degraded(serving)["reason"]
            self.assertIn(
                "npu-1 (10.89.251.11): the engine's follower, rank 1, was killed by SIGKILL", reason
            )
        with self.subTest("the head's own process is killed"):
            self.assertEqual(self.head.signal("group_engine.py", signal.SIGKILL), 1)
            serving = self.serving(serving)
            self.assertEqual(self.last_degraded(serving)["reason"], "the engine was killed by SIGKILL")
        with self.subTest("the node of the follower is killed"):
            self.assertGreater(self.worker.signal("ray_node start", signal.SIGKILL), 0)
            serving = self.serving(serving)
            self.assertEqual(serving["completion"]["text"], "2 of 2 ranks")
        with self.subTest("the head is killed, which nobody could tell the follower"):
            self.assertGreater(self.head.signal("ray_node start", signal.SIGKILL), 0)
            self.serving(serving)
            self.assertEqual(len(self.worker.processes("group_engine.py")), 1)
        with self.subTest("a stop in order leaves nothing behind"):
            for machine in self.machines:
                machine.close()
                self.assertEqual(machine.exit_codes[-1], 143)
                self.assertEqual(machine.processes("group_engine.py"), [])


if __name__ == "__main__":
    unittest.main()
