import http.client
import ipaddress
import json
import socket
import threading
import unittest
from dataclasses import replace

import support

from ray_node.channel import report, report_client
from ray_node.channel.follower_messages import FollowerReport, RunDirective
from ray_node.channel.report import BadMessage, HeadAnswer, NodeReport, Staged
from ray_node.channel.report_client import Exchange, Reporter
from ray_node.channel.report_server import ReportBook, ReportServer
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
    nonce="n1",
)


def answer_to(received: NodeReport) -> HeadAnswer:
    return HeadAnswer("s1", "joined", "waits", Versions("2.58.0", "3.11.2"), True, "member", received.nonce)


class MessagesTest(unittest.TestCase):
    def test_a_report_reads_back(self) -> None:
        self.assertEqual(report.decode_report(report.encode_report(REPORT)), REPORT)

    def test_an_answer_reads_back(self) -> None:
        for alive in (True, False, None):
            sent = replace(answer_to(REPORT), alive=alive)
            self.assertEqual(report.decode_answer(report.encode_answer(sent)), sent)

    def test_staging_reads_back(self) -> None:
        for staged in (
            Staged(3, False, None, "fetches"),
            Staged(4, True, None, "done"),
            Staged(1, False, "x", "y"),
        ):
            sent = replace(REPORT, staged=staged)
            self.assertEqual(report.decode_report(report.encode_report(sent)), sent)
        asked = replace(answer_to(REPORT), staging=4)
        self.assertEqual(report.decode_answer(report.encode_answer(asked)), asked)
        good = json.loads(report.encode_report(replace(REPORT, staged=Staged(3, False, None, "a"))))
        for bad in (1, {}, {**good["staged"], "attempt": "x"}, {**good["staged"], "text": 1}):
            with self.subTest(bad=bad), self.assertRaises(BadMessage):
                report.decode_report(json.dumps({**good, "staged": bad}).encode())

    def test_a_part_of_the_engine_reads_back(self) -> None:
        ended = FollowerReport(2, "ended", "exited with code 1", ("last words",), 0.5)
        sent = replace(REPORT, follower=ended)
        self.assertEqual(report.decode_report(report.encode_report(sent)), sent)
        told = replace(answer_to(REPORT), run=RunDirective(2, 1))
        self.assertEqual(report.decode_answer(report.encode_answer(told)), told)
        value = json.loads(report.encode_report(sent))
        value["follower"]["state"] = "resting"
        with self.assertRaises(BadMessage):
            report.decode_report(json.dumps(value).encode())
        answer = json.loads(report.encode_answer(told))
        answer["run"] = {"attempt": 1}
        with self.assertRaises(BadMessage):
            report.decode_answer(json.dumps(answer).encode())

    def test_bad_messages(self) -> None:
        good = json.loads(report.encode_report(REPORT))
        bad: list[object] = [[], {}, {**good, "schema": 2}, {**good, "name": 1}, {**good, "versions": None}]
        bad += [{key: value for key, value in good.items() if key != gone} for gone in good]
        for value in bad:
            with self.subTest(value=value), self.assertRaises(BadMessage):
                report.decode_report(json.dumps(value).encode())
        with self.assertRaises(BadMessage):
            report.decode_report(b"\xff")

    def test_text_is_one_bounded_line(self) -> None:
        """It ends up in the head's log and state."""
        long = replace(REPORT, name="a\nb" + "x" * 500, reason="y" * 5000)
        read = report.decode_report(report.encode_report(long))
        self.assertTrue(read.name.startswith("a bxxx"))
        self.assertEqual(len(read.name), 200)
        self.assertEqual(len(read.reason or ""), 2000)

    def test_signature(self) -> None:
        body = report.encode_report(REPORT)
        good = report.sign(body, TOKEN)
        self.assertRegex(good or "", "^[0-9a-f]{64}$")
        cases: list[tuple[bytes, str | None, str | None, bool]] = [
            (body, good, TOKEN, True),
            (body + b" ", good, TOKEN, False),
            (body, good, "cd" * 32, False),
            (body, None, TOKEN, False),
            (body, "", TOKEN, False),
            (body, None, None, True),
        ]
        for content, signature, token, wanted in cases:
            with self.subTest(signature=signature, token=token):
                self.assertEqual(report.is_signed(content, signature, token), wanted)
        self.assertNotIn(TOKEN.encode(), body)


class ChannelTest(unittest.TestCase):
    def serve(self, token: str | None = TOKEN, network: str = "127.0.0.0/8") -> None:
        self.book = ReportBook(ipaddress.IPv4Network(network), "c", token)
        self.port = support.free_ports(1)[0]
        server = ReportServer(support.HEAD, self.port, self.book, answer_to)
        self.addCleanup(server.close)

    def post(self, message: NodeReport = REPORT, token: str | None = TOKEN) -> Exchange:
        return report_client.post(message, support.HEAD, self.port, token)

    def raw(self, body: bytes, headers: dict[str, str] | None = None, path: str = report.PATH) -> int:
        connection = http.client.HTTPConnection(
            support.HEAD, self.port, timeout=5, source_address=(support.WORKER, 0)
        )
        self.addCleanup(connection.close)
        signature = report.sign(body, TOKEN) or ""
        connection.request("POST", path, body, {report.SIGNATURE_HEADER: signature, **(headers or {})})
        return connection.getresponse().status

    def test_a_report_and_its_answer(self) -> None:
        self.serve()
        exchange = self.post()
        self.assertEqual(exchange.answer, answer_to(REPORT))
        self.assertGreater(exchange.seconds, 0)
        self.assertEqual(self.book.heard()[support.WORKER].report, REPORT)
        self.assertLess(self.book.heard()[support.WORKER].skew_seconds, -1e9)
        self.assertEqual(self.book.rejected(), {})

    def test_a_wrong_token_is_known_to_both_sides(self) -> None:
        self.serve()
        for token in ("cd" * 32, None):
            with self.subTest(token=token):
                exchange = self.post(token=token)
                self.assertTrue(exchange.wrong_token)
                self.assertIsNone(exchange.answer)
                self.assertEqual(list(self.book.rejected()), [support.WORKER])
                self.assertEqual(self.book.heard(), {})
        self.post()
        self.assertEqual(self.book.rejected(), {})

    def test_without_authentication(self) -> None:
        self.serve(token=None)
        self.assertIsNotNone(self.post(token=None).answer)

    def test_a_head_that_does_not_hold_the_token_is_not_believed(self) -> None:
        self.serve(token=None)
        exchange = self.post(token=TOKEN)
        self.assertIsNone(exchange.answer)
        self.assertTrue(exchange.wrong_token)

    def test_a_node_speaks_only_for_itself_and_its_cluster(self) -> None:
        self.serve()
        body = report.encode_report(replace(REPORT, address="127.0.0.9"))
        self.assertEqual(self.raw(body), 409)
        self.assertIn("head of cluster 'c'", self.post(replace(REPORT, cluster="d")).problem or "")
        self.assertEqual(self.book.heard(), {})

    def test_what_the_server_refuses(self) -> None:
        self.serve()
        good = report.encode_report(REPORT)
        self.assertEqual(self.raw(good), 200)
        self.assertEqual(self.raw(good, path="/"), 404)
        self.assertEqual(self.raw(b"{}"), 400)
        self.assertEqual(self.raw(good, {"Content-Length": "70000"}), 413)
        self.assertEqual(self.raw(b""), 411)

    def test_whoever_is_not_on_the_cluster_network_is_hung_up_on(self) -> None:
        self.serve(network="10.89.28.0/24")
        self.assertIsNone(self.post().answer)
        self.assertEqual((self.book.heard(), self.book.rejected()), ({}, {}))

    def test_no_head(self) -> None:
        self.port = support.free_ports(1)[0]
        self.assertRegex(self.post().problem or "", "no answer from the head's report port")

    def test_a_client_that_says_nothing_blocks_nobody(self) -> None:
        self.serve()
        silent = [socket.create_connection((support.HEAD, self.port)) for _ in range(20)]
        for item in silent:
            self.addCleanup(item.close)
        self.assertIsNotNone(self.post().answer)

    def test_many_nodes_at_once(self) -> None:
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

    def test_a_failure_is_remembered_over_the_restart_of_the_node(self) -> None:
        self.serve()
        self.post(replace(REPORT, state="failed", reason="no devices"))
        self.post(replace(REPORT, state="starting", reason=None))
        self.assertEqual(self.book.heard()[support.WORKER].failure, "no devices")
        self.post(replace(REPORT, state="joined", reason=None))
        self.assertIsNone(self.book.heard()[support.WORKER].failure)

    def test_the_reporter_keeps_reporting(self) -> None:
        self.serve()
        nonces: list[str] = []

        def build(nonce: str) -> NodeReport:
            nonces.append(nonce)
            return replace(REPORT, nonce=nonce)

        reporter = Reporter(build, support.HEAD, self.port, TOKEN)
        self.addCleanup(reporter.close)
        reporter.interval_seconds = 0.05
        support.await_that(lambda: len(nonces) > 3, lambda: nonces)
        self.assertEqual(len(set(nonces)), len(nonces))
        self.assertIsNotNone(reporter.last_answer)
        self.assertLess(reporter.silent_seconds, 10)


if __name__ == "__main__":
    unittest.main()
