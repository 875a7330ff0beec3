"""Workloads that come and go on real Ray: two nodes in namespaces, as root; the engine has a process on each.

Runs where `ray` is installed for this Python, else says that it is skipped.
"""

import json
import signal
import sys
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any

import namespaces
import support
from test_with_ray import NO_NAMESPACES, real

from ray_node.agent import state
from ray_node.config import workload

ADDRESSES = ["10.89.252.10", "10.89.252.11"]


@unittest.skipIf(NO_NAMESPACES is not None, str(NO_NAMESPACES))
class RolloutTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        network = namespaces.Network()
        self.addCleanup(network.close)
        ports = support.on_loopback(self.folder)["ports"]
        self.machines = []
        for index, own in enumerate(ADDRESSES):
            changes = {"subnet": "10.89.252.0/24", "ports": ports, "engine.api.port": 8000}
            self.value = support.changed(real(self.folder, ADDRESSES, index), changes)
            config = self.folder / f"npu-{index}.json"
            config.write_text(json.dumps(support.node_life(self.value)), encoding="utf-8")
            self.machines.append(namespaces.Machine(network, own, self.folder, config))
        self.head, self.worker = self.machines
        self.path = state.path_of(str(self.folder / "state"), "npu-0")
        self.worker_path = state.path_of(str(self.folder / "state"), "npu-1")

    def made(self, nodes: int, run: str, *flags: str) -> str:
        """The file of a workload on this many nodes; `run` is a variable of its processes."""
        program = [
            *(sys.executable, str(support.FIXTURES / "group_engine.py"), "--nodes", str(nodes)),
            *("--meet", f"{ADDRESSES[0]}:29501", "--folder", str(self.folder)),
        ]
        value = support.changed(
            support.workload_file(self.value),
            {
                "pools.0.nodes": nodes,
                "pools.0.addresses": ADDRESSES[:nodes],
                "engine.argv": [*program, "--port", "8000", *flags],
                "engine.follower": {"argv": program, "rankFlag": "--node-rank"},
                "engine.api.proof.0.expect": f"{nodes} of {nodes} ranks",
                "environment.driver": {"FROM_THE_DRIVER": run},
            },
        )
        content = json.dumps(value).encode()
        path = self.folder / f"{workload.number_of(content)}.workload"
        path.write_bytes(content)
        return str(path)

    def wait(self, path: str) -> tuple[int, str]:
        """`ray_node wait --workload`, as Terraform runs it."""
        config = str(self.folder / "npu-0.json")
        words = (sys.executable, "-m", "ray_node", "wait", "--config", config, "--workload", path)
        done = self.head.execute(*words, timeout_seconds=240)
        return done.returncode, f"{done.stdout}{done.stderr}"

    def serves(self, path: str) -> dict[str, Any]:
        code, said = self.wait(path)
        if code != 0:
            logs = "\n".join(machine.log.read_text(encoding="utf-8") for machine in self.machines)
            raise AssertionError(f"{said}\n{logs}")
        found = state.read(self.path) or {}
        self.assertEqual((found["state"], found["workload"]), ("serving", Path(path).stem))
        return found

    def driver_variable(self, rank: int) -> str:
        seen = json.loads((self.folder / f"seen-{rank}.json").read_text(encoding="utf-8"))
        return str(seen["FROM_THE_DRIVER"])

    def test_workloads_change_on_the_ray_that_is_there(self) -> None:
        """One cluster for all of it: each start of Ray takes seconds."""
        for machine in self.machines:
            self.addCleanup(machine.close)
            machine.start()
        support.await_state(self.path, "waiting for a workload", 60)
        first = self.serves(self.made(2, "one"))
        raylets = [machine.processes("raylet/raylet") for machine in self.machines]
        self.assertEqual([self.driver_variable(rank) for rank in (0, 1)], ["one", "one"])
        with self.subTest("another workload"):
            second = self.serves(self.made(2, "two"))
            self.assertEqual([self.driver_variable(rank) for rank in (0, 1)], ["two", "two"])
            self.assertEqual(second["session"], first["session"])
        with self.subTest("one whose flag the engine refuses"):
            code, said = self.wait(self.made(2, "three", "--no-such-flag"))
            self.assertEqual(code, 1)
            self.assertIn(f"serving now: {second['workload']}", said)
            self.assertIn("unrecognized arguments: --no-such-flag", said)
            self.assertEqual([self.driver_variable(rank) for rank in (0, 1)], ["two", "two"])
        self.assertEqual([machine.processes("raylet/raylet") for machine in self.machines], raylets)
        with self.subTest("one node less"):
            found = self.serves(self.made(1, "four"))
            self.assertEqual([member["name"] for member in found["members"]], ["npu-0"])
            support.await_state(self.worker_path, "outside the cluster", 60)
            support.await_that(lambda: not self.worker.processes("raylet/raylet"), lambda: "raylet", 30)
            self.assertEqual(self.head.processes("raylet/raylet"), raylets[0])
        with self.subTest("and one more, while the head is killed"):
            path = self.made(2, "five")
            answers: list[tuple[int, str]] = []
            waiting = threading.Thread(target=lambda: answers.append(self.wait(path)))
            waiting.start()
            support.await_that(lambda: self.rolls_out(path), lambda: state.read(self.path), 30)
            self.assertGreater(self.head.signal("ray_node start", signal.SIGKILL), 0)
            waiting.join(240)
            self.assertEqual(answers[0][0], 0, answers)
            self.assertEqual([self.driver_variable(rank) for rank in (0, 1)], ["five", "five"])
            self.assertTrue((state.read(self.worker_path) or {})["member"])

    def rolls_out(self, path: str) -> bool:
        record = (state.read(self.path) or {}).get("rollout") or {}
        following = record.get("next") or {}
        return bool(following.get("number") == Path(path).stem)


if __name__ == "__main__":
    unittest.main()
