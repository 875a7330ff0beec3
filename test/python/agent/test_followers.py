"""An engine whose ranks run on three nodes: real head and worker objects, real reports, real processes.

Only Ray is not real: the test writes its node table, and a listening port stands for it on the workers.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from typing import Any
from unittest import mock

import support
from head_case import FakeReader, HeadCase, seen

from ray_node.agent import state
from ray_node.agent.worker import Worker
from ray_node.config import load as config
from ray_node.host import clock, processes
from ray_node.host.address import LocalAddress

ADDRESSES = (support.HEAD, support.WORKER, "127.0.0.3")
#: Stands for `ray start --block` of a worker.
RAY = """
import socket, sys, time
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
time.sleep(300)
"""
TABLE = (seen(ADDRESSES[0]), seen(ADDRESSES[1]), seen(ADDRESSES[2]))


def fake_ray(settings: config.NodeConfig, _name: str, address: str, _devices: object) -> list[str]:
    return [sys.executable, "-c", RAY, address, str(settings.ports.node_manager)]


class FollowersTest(HeadCase):
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
            "engine__api__completion__mustContain": "3 of 3 ranks",
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
        worker = Worker(config.parse(support.changed(self.value, node)))
        thread = threading.Thread(target=lambda: self.codes.append(worker.life()))
        thread.start()
        self.workers.append(worker)
        # The head first: a worker whose head has gone would wait for it.
        self.addCleanup(thread.join)
        self.addCleanup(worker.stopping.set)

    def rank(self, rank: int, trouble: str) -> None:
        (self.folder / f"rank-{rank}").write_text(trouble, encoding="utf-8")

    def well(self, rank: int) -> None:
        (self.folder / f"rank-{rank}").unlink()

    def pid(self, rank: int) -> int:
        """The process of a rank."""
        found = self.pids(rank)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def pids(self, rank: int) -> list[int]:
        words = f"--node-rank {rank}" if rank else "--port"
        found = []
        for pid in processes.descendants(os.getpid()):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    line = file.read().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if "group_engine.py" in line and words in line:
                found.append(pid)
        return found

    def serving_again(self, before: dict[str, Any]) -> dict[str, Any]:
        return self.until("serving", after=(clock.epoch(before["since"]) or 0) + 0.001)

    def degraded(self, count: int = 1) -> dict[str, Any]:
        """The newest entry of the history that says `degraded`, once there are `count`."""
        support.await_that(lambda: self.states().count("degraded") >= count, self.states)
        found = state.read(self.path) or {}
        entries: list[dict[str, Any]] = [entry for entry in found["history"] if entry["state"] == "degraded"]
        return entries[-1]

    def test_serves_with_all_ranks_and_stops_as_one(self) -> None:
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
        pids = [self.pid(rank) for rank in range(3)]
        self.end()
        support.await_that(
            lambda: not any(os.path.exists(f"/proc/{pid}/fd/0") for pid in pids), lambda: pids, 10
        )
        self.assertEqual(self.codes, [], "the workers go on")

    def test_a_follower_that_is_killed(self) -> None:
        self.start_all()
        serving = self.until("serving")
        before = time.time()
        os.kill(self.pid(1), signal.SIGKILL)
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
        self.assertEqual([len(self.pids(rank)) for rank in range(3)], [1, 1, 1])

    def test_the_culprit_is_the_one_that_ended_first(self) -> None:
        """Rank 2 fails; rank 0 ends because of it, and rank 1 because of that."""
        self.start_all(retries__engineStarts=1)
        self.until("serving")
        self.rank(2, "exit")
        entry = self.degraded()
        self.assertIn("npu-2 (127.0.0.3): the engine's follower, rank 2, exited with code 9", entry["reason"])
        failed = self.until("failed")
        self.assertEqual(failed["culprit"]["name"], "npu-2")
        self.assertIn("rank 2: out of memory", failed["lastLogLines"])

    def test_the_heads_own_process_ends(self) -> None:
        self.start_all()
        serving = self.until("serving")
        for rank in (1, 2):
            self.rank(rank, "")
        pids = [self.pid(rank) for rank in (1, 2)]
        os.kill(self.pid(0), signal.SIGKILL)
        entry = self.degraded()
        self.assertEqual(entry["reason"], "the engine was killed by SIGKILL")
        self.serving_again(serving)
        self.assertFalse({self.pid(1), self.pid(2)} & set(pids))

    def test_followers_that_would_stay_are_stopped(self) -> None:
        """They do not notice that rank 0 is gone, and hang when they are asked to end."""
        self.rank(1, "lonely")
        self.rank(2, "hang")
        self.start_all(deadlines__stop=6)
        serving = self.until("serving")
        old = [self.pid(rank) for rank in (1, 2)]
        self.well(1)
        self.well(2)
        self.rank(0, "exit")
        entry = self.degraded()
        self.assertEqual(entry["reason"], "the engine exited with code 9")
        self.well(0)
        self.serving_again(serving)
        new = [self.pid(rank) for rank in (1, 2)]
        self.assertFalse(set(old) & set(new))

    def test_a_group_that_always_fails_stops_after_its_bound(self) -> None:
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
        support.await_that(lambda: not any(self.pids(rank) for rank in range(3)), lambda: "left", 10)

    def test_a_lost_member_stops_the_group_and_its_return_heals(self) -> None:
        self.start_all()
        serving = self.until("serving")
        FakeReader.nodes = TABLE[:2]
        self.until("degraded")
        support.await_that(lambda: not any(self.pids(rank) for rank in range(3)), lambda: "left", 10)
        FakeReader.nodes = (*TABLE[:2], seen(ADDRESSES[2], node_id="new"))
        self.serving_again(serving)

    def test_a_worker_that_stops_takes_its_follower_along(self) -> None:
        self.start_all()
        self.until("serving")
        pid = self.pid(2)
        self.workers[1].stopping.set()
        entry = self.degraded()
        self.assertEqual(
            entry["reason"], "npu-2 (127.0.0.3): the engine's follower, rank 2, was stopped with its node"
        )
        support.await_that(lambda: not os.path.exists(f"/proc/{pid}/fd/0"), lambda: pid, 10)

    def test_a_head_that_is_silent_does_not_end_the_followers_and_a_new_one_does(self) -> None:
        self.start_all()
        self.until("serving")
        pids = [self.pid(rank) for rank in (1, 2)]
        view = self.head.view
        assert view is not None
        view._server.close()
        time.sleep(3)
        self.assertEqual([self.pid(rank) for rank in (1, 2)], pids)
        for worker in self.workers:
            assert worker.reporter is not None and worker.reporter.last_answer is not None
            worker.session = "of an earlier head"
        support.await_that(lambda: len(self.codes) == 2, lambda: self.codes, 20)
        self.assertEqual([self.pids(rank) for rank in (1, 2)], [[], []])


if __name__ == "__main__":
    import unittest

    unittest.main()
