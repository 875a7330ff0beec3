"""The verdict on the cluster, as the head publishes it. test_wait.py has the cases of a deployment."""

import http.client
import ipaddress
import json
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import support
from simulated_clock import ManualClock

from ray_node.agent.readiness_page import ReadyPage
from ray_node.channel.report_server import ReportBook, ReportServer
from ray_node.channel.routes import Request
from ray_node.engine.proof import NotProven, Proven
from ray_node.host import clock, log

START = 1795259262.0
JOB = {"engine.kind": "job", "engine.api": None, "engine.argv": ["run"]}
NONE: dict[str, Any] = {"engine.kind": "none", "engine.api": None, "engine.argv": []}


class ReadinessCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.time = ManualClock(self, START)
        self.completions = 0
        self.problem: str | None = None
        patch = mock.patch("ray_node.engine.proof.prove", self.complete)
        patch.start()
        self.addCleanup(patch.stop)

    def complete(self, *_: object) -> Proven:
        self.completions += 1
        if self.problem is not None:
            raise NotProven(self.problem)
        return Proven("16 of 16 ranks", "chat")

    def check(self, **changes: Any) -> ReadyPage:
        deadlines = {"deadlines.serving": 660, "deadlines.head": 120}
        config = support.parsed({"paths.state": self.folder, **deadlines, **changes})
        return ReadyPage(config)

    def head_is(self, state: str, after: float = 1.0, **more: Any) -> None:
        """`after` seconds later the head writes this state."""
        self.time.now += after
        beat = clock.stamp(self.time.now)
        value = {"schema": 1, "state": state, "heartbeat": beat, "since": beat, "members": []}
        value = {**value, "beatUptime": self.time.now, **more}
        (Path(self.folder) / "npu-0.json").write_text(json.dumps(value), encoding="utf-8")

    def ask(self, page: ReadyPage) -> tuple[int, str, str]:
        reply = page.reply(Request("10.0.0.9", {}, "", b""))
        content = json.loads(reply.body)
        self.assertEqual(set(content), {"verdict", "text"})
        return reply.status, content["verdict"], content["text"]


class VerdictTest(ReadinessCase):
    def test_state_of_the_head_decides_status_and_verdict(self) -> None:
        job = {"exitCode": 0, "startedAt": "then", "endedAt": "later"}
        waiting = {"waitingFor": {"what": "waiting for npu-1"}}
        cases: list[tuple[dict[str, Any], str, dict[str, Any], tuple[int, str], str]] = [
            ({}, "joined", waiting, (503, "waiting"), "joined: waiting for npu-1"),
            ({}, "degraded", {"reason": "npu-1 left"}, (503, "waiting"), "degraded: npu-1 left"),
            ({}, "serving", {}, (200, "serving"), "completion: 16 of 16 ranks"),
            ({}, "failed", {"reason": "no disk"}, (500, "failed"), "is not serving: no disk"),
            (JOB, "running", {"job": {**job, "endedAt": None}}, (200, "serving"), "is running its job"),
            (JOB, "succeeded", {"job": job}, (200, "serving"), "ended at later with code 0"),
            (NONE, "ready", {}, (200, "serving"), "is ready after"),
        ]
        for changes, state, more, wanted, words in cases:
            with self.subTest(state=state):
                page = self.check(**changes)
                self.head_is(state, **more)
                status, verdict, text = self.ask(page)
                self.assertEqual((status, verdict), wanted)
                self.assertIn(words, text)

    def test_cluster_waits_before_the_head_has_written_its_state(self) -> None:
        self.assertEqual(
            self.ask(self.check()),
            (503, "waiting", "waiting for the head npu-0 (10.89.28.10) to start"),
        )

    def test_completion_is_requested_once_in_each_period_of_serving(self) -> None:
        page = self.check()
        self.head_is("serving")
        for _ in range(5):
            self.assertEqual(self.ask(page)[0], 200)
        self.assertEqual(self.completions, 1)
        self.head_is("degraded")
        self.assertEqual(self.ask(page)[0], 503)
        self.head_is("serving")
        self.assertEqual(self.ask(page)[0], 200)
        self.assertEqual(self.completions, 2)

    def test_serving_without_a_completion_is_waiting(self) -> None:
        self.problem = "HTTP 503: rank 8 does not answer"
        page = self.check()
        self.head_is("serving")
        self.assertEqual(self.ask(page), (503, "waiting", "serving: HTTP 503: rank 8 does not answer"))

    def test_lost_cluster_gets_the_whole_deadline_again(self) -> None:
        page = self.check()
        self.head_is("serving", after=10)
        self.ask(page)
        self.head_is("serving", after=100_000)
        self.assertEqual(self.ask(page)[0], 200)
        self.head_is("degraded", reason="npu-1 left")
        self.assertEqual(self.ask(page)[0], 503)
        self.head_is("degraded", after=659)
        self.assertEqual(self.ask(page)[0], 503)
        self.head_is("degraded", after=1)
        status, _, text = self.ask(page)
        self.assertEqual(status, 500)
        self.assertIn("not serving: the deadline of 660 s has passed", text)

    def test_serving_with_an_old_heartbeat_is_not_believed(self) -> None:
        page = self.check()
        self.head_is("serving")
        self.time.now += 16
        self.assertEqual(
            self.ask(page),
            (503, "waiting", "no heartbeat from the head npu-0 (10.89.28.10); its last state was 'serving'"),
        )

    def test_text_holds_no_secret_no_escape_and_no_log_line(self) -> None:
        log.hide("hidden-token")
        self.addCleanup(log.forget, "hidden-token")
        page = self.check()
        reason = "token hidden-token \x1b[31mred\x07" + "x" * 5000
        lines = ["an engine prints anything"]
        members = [
            {"name": f"n{index}", "address": "a", "accelerators": 1, "planned": 1, "verdict": "v"}
            for index in range(1000)
        ]
        self.head_is("failed", reason=reason, lastLogLines=lines, members=members)
        _, _, text = self.ask(page)
        self.assertIn("token <secret>  [31mred ", text)
        self.assertNotIn("hidden-token", text)
        self.assertNotIn("an engine prints anything", text)
        self.assertTrue(all(line.isprintable() for line in text.splitlines()))
        self.assertLessEqual(len(text), 100 * 501)

    def test_request_does_not_wait_for_a_slow_completion(self) -> None:
        answered = threading.Event()
        self.addCleanup(answered.set)

        def slow(*_: object) -> Proven:
            self.completions += 1
            answered.wait(10)
            return Proven("16 of 16 ranks", "chat")

        page = self.check()
        self.head_is("serving")
        with (
            mock.patch("ray_node.engine.proof.prove", slow),
            mock.patch("ray_node.agent.readiness_page._ANSWER_SECONDS", 0.05),
        ):
            for _ in range(3):
                self.assertEqual(self.ask(page), (503, "waiting", "serving: waiting for a completion"))
            answered.set()
            support.await_that(lambda: self.ask(page)[0] == 200, lambda: self.ask(page))
        self.assertEqual(self.completions, 1)


class OverHttpTest(ReadinessCase):
    def get(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(
            support.HEAD, self.port, timeout=5, source_address=("127.0.1.9", 0)
        )
        self.addCleanup(connection.close)
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()

    def test_anybody_may_ask_for_the_verdict_and_for_nothing_else(self) -> None:
        (self.port,) = support.free_ports(1)
        book = ReportBook(ipaddress.IPv4Network("127.0.0.0/24"), "c", "secret")
        page = self.check()

        def never(_: object) -> Any:
            raise AssertionError("no report was sent")

        server = ReportServer(support.HEAD, self.port, book, never, page.reply)
        self.addCleanup(server.close)
        self.head_is("serving")
        status, body = self.get("/ready")
        self.assertEqual((status, json.loads(body)["verdict"]), (200, "serving"))
        self.assertEqual(self.get("/")[0], 403)
        self.assertEqual(self.get("/ready", "POST")[0], 403)
        self.assertEqual(self.get("/ready", "DELETE")[0], 501)
        self.assertEqual(book.rejected(), {})


if __name__ == "__main__":
    unittest.main()
