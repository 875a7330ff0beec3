import ipaddress
import json
import secrets
import socket
import threading
import unittest
from dataclasses import replace
from typing import Any
from unittest import mock

import support
from raw_channel import RawChannel

from ray_node.channel import plain, report, report_client, signing
from ray_node.channel.client import Client, Unanswered
from ray_node.channel.follower_messages import FollowerReport, RunDirective
from ray_node.channel.judge import MAXIMUM_BODY_BYTES
from ray_node.channel.plain import NotPlain
from ray_node.channel.report import HeadAnswer, NodeReport, Staged
from ray_node.channel.report_client import Exchange, Reporter
from ray_node.channel.report_server import ReportBook, ReportServer
from ray_node.channel.tasks import Task, TaskResult
from ray_node.host.versions import Versions

TOKEN = "ab" * 32
REPORT = NodeReport(
    cluster="c",
    name="npu-1",
    pool="npu",
    address=support.WORKER,
    state="starting",
    reason="waits",
    versions=Versions("2.58.0", "3.11.2"),
    accelerators_found=6,
    accelerators_planned=8,
    wall_clock=1.5,
)


def answer_to(received: NodeReport) -> HeadAnswer:
    return HeadAnswer("s1", "joined", "waits", Versions("2.58.0", "3.11.2"), True, "member")


class MessagesTest(unittest.TestCase):
    def test_report_and_answer_read_back(self) -> None:
        ended = FollowerReport(2, "ended", "exited with code 1", ("last words",), 0.5)
        reports = [
            REPORT,
            replace(REPORT, staged=Staged(3, False, None, "fetches")),
            replace(REPORT, staged=Staged(1, False, "disk-full", "y")),
            replace(REPORT, follower=ended, result=TaskResult("t1", {"a": [1]})),
            replace(REPORT, result=TaskResult("t1", {}, "OSError: disk full")),
        ]
        for sent in reports:
            self.assertEqual(plain.from_message(NodeReport, plain.to_message(sent)), sent)
        answer = answer_to(REPORT)
        more = replace(answer, staging=4, run=RunDirective(2, 1), task=Task("t1", "facts", {}))
        for told in (answer, replace(answer, alive=False), replace(answer, alive=None), more):
            self.assertEqual(plain.from_message(HeadAnswer, plain.to_message(told)), told)

    def test_malformed_report_is_refused(self) -> None:
        good = json.loads(plain.to_message(replace(REPORT, follower=FollowerReport(3, "running"))))
        bad: list[object] = [[], {}, {**good, "schema": 1}, {**good, "name": 1}, {**good, "versions": None}]
        bad += [{**good, "staged": value} for value in (1, {}, {"attempt": "x", "done": True})]
        follower = good["follower"]
        wrong: list[dict[str, Any]] = [{"state": "resting"}, {"lines": "x"}, {"lines": [1]}]
        wrong += [{"endedSecondsAgo": "soon"}, {"attempt": None}]
        bad += [{**good, "follower": {**follower, **changes}} for changes in wrong]
        optional = ("staged", "follower", "result")
        bad += [
            {key: value for key, value in good.items() if key != gone}
            for gone in good
            if gone not in optional
        ]
        for value in bad:
            with self.subTest(value=value), self.assertRaises(NotPlain):
                plain.from_message(NodeReport, json.dumps(value).encode())

    def test_malformed_answer_is_refused(self) -> None:
        good = json.loads(plain.to_message(answer_to(REPORT)))
        for changes in (
            *({"alive": 1}, {"run": {"attempt": 1}}, {"run": {"attempt": "x", "rank": 1}}),
            *({"task": {"id": "1", "kind": "x", "body": []}}, {"staging": True}),
        ):
            with self.subTest(changes=changes), self.assertRaises(NotPlain):
                plain.from_message(HeadAnswer, json.dumps({**good, **changes}).encode())

    def test_text_of_a_report_is_bounded_and_printable(self) -> None:
        """It ends up in the head's log and state."""
        lines = tuple(f"{number} \x1b[31mred" + "x" * 500 for number in range(100))
        follower = FollowerReport(1, "ended", "a\nb", lines, -5.0)
        sent = replace(REPORT, name="a\nb" + "x" * 500, reason="y" * 5000, follower=follower)
        read = plain.from_message(NodeReport, plain.to_message(sent))
        self.assertEqual((len(read.name), read.name[:4], len(read.reason or "")), (200, "a bx", 2000))
        found = read.follower
        assert found is not None
        self.assertEqual((found.reason, len(found.lines), found.ended_seconds_ago), ("a b", 30, 0.0))
        self.assertTrue(found.lines[-1].startswith("99  [31mredx"))
        self.assertEqual({len(line) for line in found.lines}, {300})


class ChannelTest(unittest.TestCase):
    def serve(self, token: str = TOKEN, network: str = "127.0.0.0/8") -> None:
        self.book = ReportBook(ipaddress.IPv4Network(network), "c", token)
        self.port = support.free_ports(1)[0]
        server = ReportServer(support.HEAD, self.port, self.book, answer_to)
        self.addCleanup(server.close)

    def post(self, message: NodeReport = REPORT, token: str = TOKEN) -> Exchange:
        return report_client.post(message, support.HEAD, self.port, token)

    def raw(
        self, body: bytes, path: str = report.PATH, headers: dict[str, str] | None = None, **changes: Any
    ) -> int:
        with RawChannel((support.HEAD, self.port), TOKEN, support.WORKER) as channel:
            return channel.send("POST", path, body, headers=headers, **changes).status

    def test_report_gets_its_answer(self) -> None:
        self.serve()
        exchange = self.post()
        self.assertEqual(exchange.answer, answer_to(REPORT))
        self.assertGreater(exchange.seconds, 0)
        self.assertEqual(self.book.heard()[support.WORKER].report, REPORT)
        self.assertLess(self.book.heard()[support.WORKER].skew_seconds, -1e9)
        self.assertEqual(self.book.rejected(), {})

    def test_wrong_token_is_known_to_both_sides(self) -> None:
        self.serve()
        for token in ("cd" * 32, "ef" * 32):
            with self.subTest(token=token):
                exchange = self.post(token=token)
                self.assertTrue(exchange.wrong_token)
                self.assertIsNone(exchange.answer)
                self.assertEqual(list(self.book.rejected()), [support.WORKER])
                self.assertEqual(self.book.heard(), {})
        self.post()
        self.assertEqual(self.book.rejected(), {})

    def test_answer_that_is_not_signed_with_the_token_is_not_believed(self) -> None:
        self.serve()
        with mock.patch("ray_node.channel.signing.sign_answer", side_effect=lambda *_: secrets.token_hex(32)):
            exchange = self.post()
        self.assertIsNone(exchange.answer)
        self.assertTrue(exchange.wrong_token)

    def test_report_of_another_node_or_cluster_is_refused(self) -> None:
        self.serve()
        body = plain.to_message(replace(REPORT, address="127.0.0.9"))
        self.assertEqual(self.raw(body), 409)
        self.assertIn("head of cluster 'c'", self.post(replace(REPORT, cluster="d")).problem or "")
        self.assertEqual(self.book.heard(), {})

    def test_malformed_request_is_refused(self) -> None:
        self.serve()
        good = plain.to_message(REPORT)
        self.assertEqual(self.raw(good), 200)
        self.assertEqual(self.raw(good, path="/"), 404)
        self.assertEqual(self.raw(b"{}"), 400)
        self.assertEqual(self.raw(b"x" * (MAXIMUM_BODY_BYTES + 1)), 413)
        self.assertEqual(self.raw(b""), 411)
        self.assertEqual(self.raw(good, headers={signing.ADDRESS_HEADER: "127.0.0.9"}), 409)
        self.assertEqual(self.raw(good, headers={signing.NONCE_HEADER: "n2"}), 401)

    def test_large_answer_is_refused(self) -> None:
        self.serve()
        with Client(support.WORKER, TOKEN).line((support.HEAD, self.port)) as line:
            answer = line.send("POST", report.PATH, 5, plain.to_message(REPORT))
            with self.assertRaisesRegex(Unanswered, "more than 10 bytes"):
                answer.read(10)

    def test_client_outside_the_cluster_network_is_refused(self) -> None:
        self.serve(network="10.89.28.0/24")
        self.assertIsNone(self.post().answer)
        self.assertEqual((self.book.heard(), self.book.rejected()), ({}, {}))

    def test_absent_head_is_a_problem_of_the_exchange(self) -> None:
        self.port = support.free_ports(1)[0]
        self.assertRegex(self.post().problem or "", "no answer from the head's report port")

    def test_silent_client_does_not_block_others(self) -> None:
        self.serve()
        silent = [socket.create_connection((support.HEAD, self.port)) for _ in range(20)]
        for item in silent:
            self.addCleanup(item.close)
        self.assertIsNotNone(self.post().answer)

    def test_32_nodes_report_at_once(self) -> None:
        self.serve()
        answers: list[Exchange] = []
        messages = [replace(REPORT, address=f"127.0.1.{index}") for index in range(1, 33)]
        threads = [threading.Thread(target=lambda m=m: answers.append(self.post(m))) for m in messages]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([item.problem for item in answers], [None] * 32)
        self.assertEqual(len(self.book.heard()), 32)

    def test_failure_is_remembered_across_a_restart_of_the_node(self) -> None:
        self.serve()
        self.post(replace(REPORT, state="failed", reason="no devices"))
        self.post(replace(REPORT, state="starting", reason=None))
        self.assertEqual(self.book.heard()[support.WORKER].failure, "no devices")
        self.post(replace(REPORT, state="joined", reason=None))
        self.assertIsNone(self.book.heard()[support.WORKER].failure)

    def test_reporter_keeps_reporting(self) -> None:
        self.serve()
        sent: list[NodeReport] = []

        def build() -> NodeReport:
            sent.append(REPORT)
            return REPORT

        reporter = Reporter(build, support.HEAD, self.port, TOKEN)
        self.addCleanup(reporter.close)
        reporter.interval_seconds = 0.05
        support.await_that(lambda: len(sent) > 3, lambda: sent)
        self.assertIsNotNone(reporter.last_answer)
        self.assertLess(reporter.silent_seconds, 10)


if __name__ == "__main__":
    unittest.main()
