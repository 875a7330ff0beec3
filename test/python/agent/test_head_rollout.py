"""The head with workloads of their own: delivered, rolled out, gone back from, and told apart by number."""

import json
import socket
import unittest
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

import support
from head_case import WHOLE, FakeReader, seen
from rollout_case import RolloutCase

from ray_node.agent import delivery
from ray_node.channel import report_client
from ray_node.channel.client import Client, Unanswered
from ray_node.channel.tasks import TaskRunner
from ray_node.cli import wait
from ray_node.cluster import token
from ray_node.config.workload import NumberedWorkload
from ray_node.host import clock
from ray_node.preflight import tasks


class RolloutTest(RolloutCase):
    def ready(self, number: str = "") -> tuple[int, dict[str, Any]]:
        port = self.config.ports.node_report
        query = f"?workload={number}" if number else ""
        try:
            with urllib.request.urlopen(f"http://{support.HEAD}:{port}/ready{query}", timeout=10) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def serve(self, given: NumberedWorkload) -> None:
        self.begin()
        self.assertEqual(self.wait(given), 0, self.text)

    def test_head_without_a_workload_forms_ray_and_waits(self) -> None:
        self.begin()
        self.until("waiting for a workload")
        clock.sleep(200.0)
        self.assertEqual(self.found()["state"], "waiting for a workload")
        self.assertIsNone(self.found()["workload"])
        nothing = {"verdict": "waiting", "text": "no workload has been delivered"}
        self.assertEqual(self.ready(), (503, nothing))

    def test_first_workload_is_served_and_named_everywhere(self) -> None:
        given = self.made()
        self.serve(given)
        self.assertIn(f"  workload: {given.number}", self.text)
        self.assertIn(f"[{given.number}] starting the engine", self.text)
        self.assertEqual((self.found()["state"], self.found()["workload"]), ("serving", given.number))
        record = self.until_record(given)
        self.assertEqual((record.proven, record.previous), (True, None))
        answer = self.report().answer
        assert answer is not None
        self.assertEqual((answer.workload, answer.leave), (given.number, None))

    def test_workload_that_waits_for_the_head_is_taken_when_it_starts(self) -> None:
        given = self.made()
        self.deliver(given)
        clock.sleep(300.0)
        self.begin()
        self.until("serving")
        self.until_record(given)

    def test_changed_workload_serves_on_the_same_ray(self) -> None:
        first, second = self.made(), self.made("--break", "/nowhere")
        self.serve(first)
        session = self.found()["session"]
        self.assertEqual(self.wait(second), 0, self.text)
        record = self.until_record(second)
        self.assertEqual(record.previous, first.number)
        ways = self.states()[self.states().index("serving") :]
        self.assertEqual(ways, ["serving", "switching", "comparing", "loading", "serving"])
        self.assertEqual((self.head.ray_starts, self.found()["session"]), (1, session))

    def test_engine_that_refuses_a_flag_gives_way_to_the_one_before(self) -> None:
        first, second = self.made(), self.made("--exit-at-once")
        self.serve(first)
        self.assertEqual(self.wait(second), 1)
        self.assertIn(
            f"is not serving: workload {second.number} has failed: the engine exited with code 7", self.text
        )
        self.assertIn(f"  serving now: {first.number}", self.text)
        self.assertIn("    cannot find the model", self.text)
        self.until("serving")
        self.assertEqual(self.found()["workload"], first.number)
        status, said = self.ready(second.number)
        self.assertEqual((status, said["verdict"]), (500, "failed"))
        for number in (first.number, ""):
            support.await_that(lambda number=number: self.ready(number)[0] == 200, lambda: self.text)  # type: ignore[misc]

    def test_first_workload_that_fails_leaves_nothing_and_is_replaced(self) -> None:
        bad, good = self.made("--exit-at-once"), self.made()
        self.begin()
        self.assertEqual(self.wait(bad), 1)
        self.assertIn("  nothing serves now", self.text)
        self.assertEqual(self.wait(good), 0, self.text)
        self.assertIsNone(self.until_record(good).previous)

    def test_head_whose_current_workload_is_lost_serves_the_one_before(self) -> None:
        first, second = self.made(), self.made("--break", "/nowhere")
        self.serve(first)
        self.assertEqual(self.wait(second), 0, self.text)
        self.until_record(second)
        self.end()
        (self.folder / "state" / "workloads" / f"{second.number}.json").write_text("{")
        self.begin()
        support.await_that(lambda: self.found().get("workload") == first.number, self.states)
        self.until("serving")
        [warning] = self.found()["warnings"]
        self.assertIn(f"workload {second.number} is lost: its file must have the content", warning)
        self.assertEqual(self.wait(second), 0, self.text)

    def test_head_whose_only_workload_is_lost_waits_and_says_so(self) -> None:
        given = self.made()
        self.serve(given)
        self.until_record(given)
        self.end()
        (self.folder / "state" / "workloads" / f"{given.number}.json").unlink()
        self.begin()
        self.until("waiting for a workload")
        reason = f"workload {given.number} is lost: its file cannot be read: No such file or directory"
        self.assertEqual(self.found()["reason"], f"{reason}; waiting for a delivery")
        self.assertEqual(self.wait(given), 0, self.text)

    def test_second_rollout_at_once_is_refused_with_its_holder(self) -> None:
        first, slow = self.made(), self.made("--break", "/nowhere")
        self.serve(first)
        self.deliver(slow, "bob at desk-7")
        support.await_that(lambda: self.record().next is not None, self.record)
        with self.assertRaisesRegex(
            delivery.Refused, f"rollout of {slow.number} .* started by bob at desk-7"
        ):
            self.deliver(self.made("--break", "/else"))
        self.assertEqual(self.wait(slow), 0, "the same one joins")

    def test_refused_deployment_reads_who_deploys_and_since_when(self) -> None:
        first, second = self.made(), self.made("--break", "/nowhere")
        for said, shown in (("bob@desk-7", "bob@desk-7"), ("\x1b[2J", "[2J"), ("", socket.gethostname())):
            self.assertEqual(wait._holder(self.text_file(said)), shown)
        self.deliver(first, wait._holder(self.text_file("bob@desk-7")))
        self.assertEqual(self.wait(second), 1)
        self.assertRegex(
            self.text, rf"workload {second.number} is refused: {first.number} .* at \S+ by bob@desk-7"
        )

    def text_file(self, text: str) -> str:
        path = self.folder / "holder"
        path.write_text(f"{text}\n")
        return str(path)

    def test_delivery_of_what_serves_is_judged_by_the_live_state(self) -> None:
        given = self.made()
        self.serve(given)
        loads = self.states().count("loading")
        self.assertEqual(self.wait(given), 0)
        self.assertEqual(self.states().count("loading"), loads)

    def test_delivery_of_what_has_failed_tries_again(self) -> None:
        breaks = self.folder / "break"
        given = self.made()
        self.begin()
        FakeReader.nodes = (seen(support.HEAD), seen(support.WORKER, npus=7))
        self.assertEqual(self.wait(given), 1)
        self.assertIn("joined with 7 of 8 accelerators", self.text)
        FakeReader.nodes = WHOLE
        self.assertEqual(self.wait(given), 0, self.text)
        self.assertFalse(breaks.exists())

    def test_wait_without_a_file_is_for_what_is_rolled_out_else_for_what_runs(self) -> None:
        self.begin()
        self.assertEqual(wait.run(self.config), 1)
        self.assertIn("no workload has been delivered to cluster 'local-2x8'", self.text)
        first, second = self.made(), self.made("--exit-at-once")
        self.assertEqual(self.wait(first), 0, self.text)
        self.printed.clear()
        self.assertEqual(wait.run(self.config), 0)
        self.assertIn(f"  workload: {first.number}", self.text)
        self.deliver(second)
        self.assertEqual(wait.run(self.config), 1)
        self.assertIn(f"workload {second.number} has failed", self.text)

    def test_head_that_starts_again_serves_what_it_served(self) -> None:
        first, second = self.made(), self.made("--break", "/nowhere")
        self.serve(first)
        self.assertEqual(self.wait(second), 0)
        self.end()
        self.begin()
        self.assertEqual(wait.run(self.config), 0)
        self.assertEqual((self.found()["state"], self.found()["workload"]), ("serving", second.number))
        self.assertEqual(self.record().previous, first.number)

    def test_file_for_another_cluster_is_not_delivered(self) -> None:
        path = self.folder / "other.json"
        path.write_text(json.dumps({**support.workload_file(self.value), "cluster": "other"}))
        self.assertEqual(wait.deliver(self.config, str(path), None), 2)
        self.assertIsNone(self.store.request())

    def test_worker_fetches_a_workload_by_its_number(self) -> None:
        given = self.made()
        self.serve(given)
        value, port = token.ensure(self.config.paths.token), self.config.ports.node_report
        client = Client(support.WORKER, value)
        found = report_client.fetch_workload(given.number, client, support.HEAD, port)
        self.assertEqual(found, given.content)
        for number, key in (("0" * 12, value), ("../rollout", value), (given.number, "another token")):
            with self.subTest(number=number), self.assertRaises(Unanswered):
                report_client.fetch_workload(number, replace(client, token=key), support.HEAD, port)

    def test_node_that_is_not_in_the_new_shape_is_told_to_leave(self) -> None:
        alone = self.made(pools__0__nodes=1, pools__0__addresses=[support.HEAD])
        self.serve(self.made())
        self.deliver(alone)
        support.await_that(lambda: bool(self._left()), self.states)
        FakeReader.nodes = (seen(support.HEAD),)
        self.until_record(alone)
        self.assertEqual([member["name"] for member in self.found()["members"]], ["npu-0"])
        self.assertEqual(self.head.ray_starts, 1)
        self.assertNotIn("degraded", self.states())

    def test_dead_machine_is_left_out_by_a_new_workload(self) -> None:
        alone = self.made(pools__0__nodes=1, pools__0__addresses=[support.HEAD])
        self.serve(self.made())
        FakeReader.nodes = (seen(support.HEAD), seen(support.WORKER, alive=False))
        self.until("degraded")
        self.assertEqual(self.wait(alone), 0, self.text)
        self.assertEqual(self.head.ray_starts, 1)

    def test_member_that_is_lost_during_the_switch_leads_back(self) -> None:
        first, second = self.made(), self.made("--break", "/nowhere")
        self.serve(first)
        self.deliver(second)
        self.passes("switching")
        FakeReader.nodes = (seen(support.HEAD), seen(support.WORKER, alive=False))
        clock.sleep(50.0)
        record = self.until_record(first)
        assert record.verdict is not None
        self.assertIn("nothing serves now", record.verdict.text)
        FakeReader.nodes = WHOLE
        self.until("serving")
        self.assertEqual(self.found()["workload"], first.number)

    def test_job_that_has_ended_gives_way_to_an_engine_that_serves(self) -> None:
        job = self.made(engine__kind="job", engine__api=None, engine__argv=["true"])
        self.begin()
        self.assertEqual(self.wait(job), 0, self.text)
        self.until("succeeded")
        self.assertEqual(self.found()["job"]["exitCode"], 0)
        self.assertEqual(self.wait(self.made()), 0, self.text)
        self.assertEqual((self.found()["state"], self.found()["job"]), ("serving", None))
        # The outcome of the job is kept: it does not run again.
        loads = self.states().count("loading")
        self.assertEqual(self.wait(job), 0, self.text)
        self.assertEqual((self.found()["state"], self.states().count("loading")), ("succeeded", loads))

    def test_engine_that_never_serves_gives_way_when_its_time_is_over(self) -> None:
        (self.folder / "sick").write_text("sick")
        sick = ("--break", str(self.folder / "sick"))
        slow = self.made(*sick, deadlines__engine=1000, deadlines__serving=25)
        first = self.made()
        self.serve(first)
        self.assertEqual(self.wait(slow), 1)
        self.assertIn("it does not serve after 25 s, switching: waiting for the engine at", self.text)
        self.assertIn(f"  serving now: {first.number}", self.text)

    def test_node_that_stays_in_ray_is_the_culprit(self) -> None:
        alone = self.made(pools__0__nodes=1, pools__0__addresses=[support.HEAD], deadlines__serving=200)
        self.serve(self.made())
        self.assertEqual(self.wait(alone), 1)
        self.assertIn("npu-1 (127.0.0.2) does not leave Ray's cluster", self.text)
        self.assertIn("culprit: npu-1 (127.0.0.2)", self.text)

    def test_nodes_that_are_added_join_while_the_others_serve(self) -> None:
        alone = self.made(pools__0__nodes=1, pools__0__addresses=[support.HEAD])
        FakeReader.nodes = (seen(support.HEAD),)
        self.serve(alone)
        both = self.made()
        self.deliver(both)
        support.await_that(lambda: self.record().next is not None, self.record)
        clock.sleep(5.0)
        self.assertEqual((self.found()["state"], self._left()), ("serving", None))
        FakeReader.nodes = WHOLE
        self.until_record(both)
        self.assertEqual(len(self.found()["members"]), 2)

    def test_added_node_that_never_joins_leaves_the_others_serving(self) -> None:
        alone = self.made(pools__0__nodes=1, pools__0__addresses=[support.HEAD])
        FakeReader.nodes = (seen(support.HEAD),)
        self.serve(alone)
        loads = self.states().count("loading")
        self.assertEqual(self.wait(self.made(deadlines__serving=60)), 1)
        self.assertIn("not all nodes joined within 30 s: npu-1 (127.0.0.2)", self.text)
        self.assertIn(f"  serving now: {alone.number}", self.text)
        self.assertEqual(self.states().count("loading"), loads)

    def test_image_that_lacks_what_the_next_engine_needs_leaves_the_current_one(self) -> None:
        first = self.made()
        self.tasks = TaskRunner(tasks.handlers(self.config, "npu-1", support.WORKER, {}), lambda: None)
        self.serve(first)
        lacking = self.made(engine__requires={"programs": ["no-such"], "pythonModules": [], "paths": []})
        self.assertEqual(self.wait(lacking), 1)
        self.assertIn("lacks what the engine 'emulated' needs: program 'no-such'", self.text)
        self.assertEqual((self.found()["state"], self.found()["workload"]), ("serving", first.number))

    def _left(self) -> str | None:
        answer = self.report().answer
        return answer.leave if answer is not None else None


if __name__ == "__main__":
    unittest.main()
