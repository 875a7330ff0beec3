"""A worker with node.json of schema 2: what it runs and stages comes from workloads that it fetches."""

import json
import sys
import unittest
from typing import Any

import support
from simulated_process import Program, SimulatedProcess, stay
from worker_case import WorkerCase, ray

from ray_node.channel.follower_messages import RunDirective
from ray_node.channel.report import HeadAnswer, NodeReport
from ray_node.channel.routes import Reply, Request
from ray_node.config import workload
from ray_node.config.load import parse
from ray_node.config.workload import NumberedWorkload


class FetchTest(WorkerCase):
    simulated = True

    def setUp(self) -> None:
        self.ran: list[SimulatedProcess] = []
        super().setUp()
        self.known: dict[str, NumberedWorkload] = {}
        self.asked: list[str] = []
        self.more: dict[str, Any] = {}

    def programs(self) -> dict[str, Program]:
        return {"ray": ray, "rank.py": self.rank}

    def rank(self, process: SimulatedProcess) -> int:
        self.ran.append(process)
        return stay(process)

    def configure(self, **changes: Any) -> None:
        accelerators: dict[str, Any] = {"planned": 8, "resource": "NPU", "devices": None}
        accelerators |= {"deviceGlob": None, "visibleDevicesVariable": None}
        own = {"name": "npu-1", "pool": "npu", "role": "worker", "address": support.WORKER}
        self.value = support.on_loopback(self.folder)
        self.config = parse(support.node_life({**self.value, "node": {**own, "accelerators": accelerators}}))

    def give_workload(self, request: Request) -> Reply:
        self.asked.append(request.name)
        found = self.known.get(request.name)
        return Reply(200, found.content) if found is not None else Reply(404, b"not yet")

    def answer(self, received: NodeReport) -> HeadAnswer:
        return HeadAnswer(**{**vars(super().answer(received)), **self.more})

    def made(self, **changes: Any) -> NumberedWorkload:
        paths = {path.replace("__", "."): item for path, item in changes.items()}
        value = support.changed(support.workload_file(self.value), paths)
        value["engine"]["follower"] = {"argv": [sys.executable, "rank.py"], "rankFlag": "--rank"}
        found = workload.parse(json.dumps(value).encode(), self.config.cluster)
        self.known[found.number] = found
        return found

    def runs(self, count: int) -> SimulatedProcess:
        support.await_that(lambda: len(self.ran) == count, lambda: (self.ran, self.asked))
        return self.ran[-1]

    def join(self) -> None:
        self.play_head()
        self.start()
        self.shows(lambda found: found.get("member") is True)

    def test_rank_runs_the_command_and_variables_of_the_fetched_workload(self) -> None:
        given = self.made(environment__driver={"FROM": "the workload"})
        self.join()
        self.more = {"workload": given.number, "run": RunDirective(1, 3, given.number)}
        process = self.runs(1)
        self.assertEqual(process.argv[-3:], ["rank.py", "--rank", "3"])
        self.assertEqual(process.environment["FROM"], "the workload")
        self.shows(lambda found: found["workload"] == given.number)
        self.assertEqual(self.asked, [given.number], "it is fetched once")

    def test_rank_of_the_next_workload_replaces_the_one_before(self) -> None:
        first, second = self.made(), self.made(environment__driver={"N": "2"})
        self.join()
        self.more = {"workload": first.number, "run": RunDirective(1, 1, first.number)}
        before = self.runs(1)
        self.more = {"workload": second.number, "run": RunDirective(2, 1, second.number)}
        after = self.runs(2)
        self.assertFalse(before.alive)
        self.assertEqual(after.environment["N"], "2")

    def test_workload_that_the_head_does_not_give_is_asked_for_again(self) -> None:
        given = self.made()
        del self.known[given.number]
        self.join()
        self.more = {"workload": given.number, "run": RunDirective(1, 1, given.number)}
        support.await_that(lambda: len(self.asked) > 2, lambda: self.asked)
        self.assertEqual(self.ran, [])
        self.assertTrue(self.shows(lambda found: True)["member"], "the node stays")
        self.known[given.number] = given
        self.runs(1)

    def test_workload_with_another_content_is_not_run(self) -> None:
        given, other = self.made(), self.made(environment__driver={"N": "2"})
        self.known[given.number] = other
        self.join()
        self.more = {"workload": given.number, "run": RunDirective(1, 1, given.number)}
        support.await_that(lambda: len(self.asked) > 2, lambda: self.asked)
        self.assertEqual(self.ran, [])

    def test_model_of_the_next_workload_is_staged_while_the_current_one_runs(self) -> None:
        model = self.folder / "next"
        model.mkdir()
        (model / "config.json").write_text("{}")
        staging = {
            "models": [
                {
                    "name": "model",
                    "source": {"kind": "path"},
                    "destination": str(model),
                    "placement": "replicated",
                }
            ],
            "parallelFiles": 4,
            "deadlineSeconds": 60,
        }
        current, following = self.made(), self.made(staging=staging)
        self.join()
        self.more = {"workload": current.number, "run": RunDirective(1, 1, current.number)}
        process = self.runs(1)
        self.more = {**self.more, "staging": 7, "staged_workload": following.number}

        def staged() -> bool:
            found = self.book.heard()[support.WORKER].report.staged
            return found is not None and found.attempt == 7 and found.done

        support.await_that(staged, self.book.heard)
        self.assertTrue(process.alive)
        self.assertEqual(len(self.ran), 1)


if __name__ == "__main__":
    unittest.main()
