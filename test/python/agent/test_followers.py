"""An engine whose ranks run on three nodes: real head and worker objects and real reports between them.

Ray is not real: the test writes its node table, and a listening port stands for it on the workers. The
engine's processes are real in one test and simulated in the others.
"""

import json
import os
import signal
import socket
import sys
import threading
from typing import Any
from unittest import mock

import simulated_process
import support
import worker_case
from head_case import FakeReader, HeadCase, seen
from simulated_engines import Group
from simulated_process import Program

from ray_node.agent import state
from ray_node.agent.worker import Worker
from ray_node.config.load import parse
from ray_node.config.schema import NodeConfig
from ray_node.host import clock, processes
from ray_node.host.address import LocalAddress

ADDRESSES = (support.HEAD, support.WORKER, "127.0.0.3")
TABLE = (seen(ADDRESSES[0]), seen(ADDRESSES[1]), seen(ADDRESSES[2]))


def fake_ray(settings: NodeConfig, _name: str, address: str, _devices: object) -> list[str]:
    return ["ray", address, str(settings.ports.node_manager)]


class GroupCase(HeadCase):
    def setUp(self) -> None:
        super().setUp()
        listed = [LocalAddress("lo", address) for address in ADDRESSES]
        for patch in (
            mock.patch("ray_node.host.address.local_addresses", return_value=listed),
            mock.patch("ray_node.cluster.ray_process.argv", fake_ray),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        self.workers: list[Worker] = []
        self.codes: list[int] = []

    def start_all(self, **changes: Any) -> None:
        meet = support.free_ports(1)[0]
        program = [sys.executable, str(support.FIXTURES / "group_engine.py")]
        common = ["--nodes", "3", "--meet", f"{support.HEAD}:{meet}", "--folder", str(self.folder)]
        self.changes: dict[str, Any] = {
            "pools__0__nodes": 3,
            "pools__0__addresses": list(ADDRESSES),
            "engine__follower": {"argv": [*program, *common], "rankFlag": "--node-rank"},
            "engine__api__proof__0__expect": "3 of 3 ranks",
            "environment__driver": {"FROM_THE_DRIVER": "1"},
            "environment__node": {"OWN_ADDRESS": "address"},
            "engine__withheld": ["WITHHELD"],
            "environment__cluster": {"WITHHELD": "1"},
            "deadlines__stop": 4,
            **changes,
        }
        FakeReader.nodes = TABLE
        value = support.on_loopback(self.folder, **self.changes)
        value["engine"]["argv"] = [*program, *common, "--port", str(value["engine"]["api"]["port"])]
        self.value = value
        gcs = socket.create_server((support.HEAD, value["ports"]["gcs"]))
        self.addCleanup(gcs.close)
        with mock.patch("support.on_loopback", return_value=value):
            self.start(reports=False)
        for index in (1, 2):
            self.start_worker(index)

    def start_worker(self, index: int) -> None:
        node = {"node.role": "worker", "node.name": f"npu-{index}", "node.address": ADDRESSES[index]}
        worker = Worker(parse(support.changed(self.value, node)))
        thread = threading.Thread(target=lambda: self.codes.append(worker.life()))
        thread.start()
        self.workers.append(worker)
        # The head first: a worker whose head has gone would wait for it.
        self.addCleanup(support.join, thread)
        self.addCleanup(worker.stopping.set)

    def rank(self, rank: int, trouble: str) -> None:
        (self.folder / f"rank-{rank}").write_text(trouble, encoding="utf-8")

    def well(self, rank: int) -> None:
        (self.folder / f"rank-{rank}").unlink()

    def serving_again(self, before: dict[str, Any]) -> dict[str, Any]:
        return self.until("serving", after=(clock.epoch(before["since"]) or 0) + 0.001)

    def degraded(self, count: int = 1) -> dict[str, Any]:
        """The newest entry of the history that says `degraded`, once there are `count`."""
        support.await_that(lambda: self.states().count("degraded") >= count, self.states)
        found = state.read(self.path) or {}
        entries: list[dict[str, Any]] = [entry for entry in found["history"] if entry["state"] == "degraded"]
        return entries[-1]


class RealProcessesTest(GroupCase):
    def setUp(self) -> None:
        super().setUp()
        simulated_process.install(self, {"ray": worker_case.ray})

    def test_group_of_real_processes_serves_and_stops_as_one(self) -> None:
        self.start_all()
        serving = self.until("serving")
        self.assertEqual(serving["completion"]["text"], "3 of 3 ranks")
        for rank, address in enumerate(ADDRESSES):
            environment = json.loads((self.folder / f"seen-{rank}.json").read_text(encoding="utf-8"))
            self.assertEqual(environment["FROM_THE_DRIVER"], "1")
            self.assertEqual(environment["OWN_ADDRESS"], address)
            self.assertEqual(environment["RAY_ADDRESS"], self.config.gcs_address)
            self.assertNotIn("WITHHELD", environment)
        worker = state.read(state.path_of(self.config.paths.state, "npu-2")) or {}
        self.assertEqual(worker["follower"], {"rank": 2, "attempt": 1, "state": "running", "reason": None})
        log = (self.folder / "log" / "engine-npu-2.log").read_text(encoding="utf-8")
        self.assertIn("rank 2 has met rank 0", log)
        running = processes.descendants(os.getpid())
        self.assertGreaterEqual(len(running), 3)
        self.end()
        support.await_that(
            lambda: not any(os.path.exists(f"/proc/{pid}/fd/0") for pid in running), lambda: running, 10
        )
        self.assertEqual(self.codes, [], "the workers go on")


class FollowersTest(GroupCase):
    simulated = True

    def programs(self) -> dict[str, Program]:
        self.group = Group(self.folder)
        return {"group_engine.py": self.group.program, "ray": worker_case.ray}

    def all_ended(self) -> None:
        support.await_that(lambda: self.group.alive() == [], self.group.alive, 10)

    def kill(self, rank: int) -> None:
        self.group.ranks[rank].end(-signal.SIGKILL)

    def test_killed_follower_is_the_culprit(self) -> None:
        self.start_all()
        serving = self.until("serving")
        before = clock.wall()
        self.kill(1)
        entry = self.degraded()
        took = (clock.epoch(entry["at"]) or 0) - before
        self.assertLess(took, 4.0)
        self.assertTrue(
            entry["reason"].startswith(
                "npu-1 (127.0.0.2): the engine's follower, rank 1, was killed by SIGKILL"
            ),
            entry,
        )
        again = self.serving_again(serving)
        self.assertEqual(again["completion"]["text"], "3 of 3 ranks")
        self.assertEqual(self.group.alive(), [0, 1, 2])

    def test_follower_that_ended_first_is_the_culprit(self) -> None:
        """Rank 2 fails; rank 0 ends because of it, and rank 1 because of that."""
        self.start_all(retries__engineStarts=1)
        self.until("serving")
        self.rank(2, "exit")
        entry = self.degraded()
        self.assertIn("npu-2 (127.0.0.3): the engine's follower, rank 2, exited with code 9", entry["reason"])
        failed = self.until("failed")
        self.assertEqual(failed["culprit"]["name"], "npu-2")
        self.assertIn("rank 2: out of memory", failed["lastLogLines"])

    def test_end_of_the_heads_own_process_is_blamed_on_the_head(self) -> None:
        self.start_all()
        serving = self.until("serving")
        for rank in (1, 2):
            self.rank(rank, "")
        before = [self.group.ranks[rank] for rank in (1, 2)]
        self.kill(0)
        entry = self.degraded()
        self.assertEqual(entry["reason"], "the engine was killed by SIGKILL")
        self.serving_again(serving)
        self.assertFalse(any(process.alive for process in before))

    def test_followers_that_keep_running_are_stopped_after_a_failure(self) -> None:
        """They do not notice that rank 0 is gone, and hang when they are asked to end."""
        self.rank(1, "lonely")
        self.rank(2, "hang")
        self.start_all(deadlines__stop=6)
        serving = self.until("serving")
        before = [self.group.ranks[rank] for rank in (1, 2)]
        self.well(1)
        self.well(2)
        self.rank(0, "exit")
        entry = self.degraded()
        self.assertEqual(entry["reason"], "the engine exited with code 9")
        self.well(0)
        self.serving_again(serving)
        self.assertFalse(any(process.alive for process in before))

    def test_group_that_always_fails_spends_the_budget(self) -> None:
        self.rank(1, "exit")
        self.start_all(retries__engineStarts=2)
        failed = self.until("failed")
        self.assertEqual(self.states().count("loading"), 2)
        self.assertTrue(failed["reason"].endswith("(2 times in a row)"), failed["reason"])
        self.assertIn("rank 1, exited with code 9: rank 1: out of memory", failed["reason"])
        # It may have met rank 0 before.
        self.assertEqual(
            (failed["culprit"]["name"], failed["lastLogLines"][-1]), ("npu-1", "rank 1: out of memory")
        )
        self.all_ended()

    def test_lost_member_stops_the_group_until_it_returns(self) -> None:
        self.start_all()
        serving = self.until("serving")
        FakeReader.nodes = TABLE[:2]
        self.until("degraded")
        self.all_ended()
        FakeReader.nodes = (*TABLE[:2], seen(ADDRESSES[2], node_id="new"))
        self.serving_again(serving)

    def test_stopping_worker_stops_its_follower(self) -> None:
        self.start_all()
        self.until("serving")
        process = self.group.ranks[2]
        self.workers[1].stopping.set()
        entry = self.degraded()
        self.assertEqual(
            entry["reason"], "npu-2 (127.0.0.3): the engine's follower, rank 2, was stopped with its node"
        )
        support.await_that(lambda: not process.alive, lambda: process.tail(), 10)

    def test_followers_survive_a_silent_head_but_not_a_new_session(self) -> None:
        self.start_all()
        self.until("serving")
        before = [self.group.ranks[rank] for rank in (1, 2)]
        view = self.head.view
        assert view is not None
        view._server.close()
        clock.sleep(30)
        self.assertTrue(all(process.alive for process in before))
        for worker in self.workers:
            assert worker.reporter is not None and worker.reporter.last_answer is not None
            worker.session = "of an earlier head"
        support.await_that(lambda: len(self.codes) == 2, lambda: self.codes, 20)
        self.assertFalse(any(process.alive for process in before))


if __name__ == "__main__":
    import unittest

    unittest.main()
