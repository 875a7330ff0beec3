import ipaddress
import json
import time
import unittest
from typing import Any

import support

from ray_node.channel import errand, report
from ray_node.channel.errand import Ask, BadErrand, Errand, ErrandResult, Reply
from ray_node.channel.errand_desk import ErrandDesk
from ray_node.channel.errand_runner import ErrandRunner, perform
from ray_node.channel.report import HeadAnswer, NodeReport
from ray_node.channel.report_server import ReportBook, ReportServer


def never(_: NodeReport) -> HeadAnswer:
    raise AssertionError("no report was sent")


class DeskTest(unittest.TestCase):
    def setUp(self) -> None:
        self.desk = ErrandDesk("c")

    def send(self, address: str, result: ErrandResult | None = None, **other: Any) -> tuple[int, bytes]:
        value = {"cluster": "c", "name": "n", "address": address, "nonce": "1", **other}
        return self.desk.serve("10.0.0.2", errand.encode(Ask(**value, result=result)))

    def reply(self, address: str, result: ErrandResult | None = None) -> Reply:
        code, body = self.send(address, result)
        self.assertEqual(code, 200)
        return errand.decode_reply(body)

    def test_an_errand_is_done_once(self) -> None:
        self.assertIsNone(self.reply("10.0.0.2").errand)
        self.desk.ask("facts", {"10.0.0.2": {"a": 1}, "10.0.0.3": {}})
        self.assertEqual(self.desk.missing(), ["10.0.0.2", "10.0.0.3"])
        asked = self.reply("10.0.0.2").errand
        assert asked is not None
        self.assertEqual((asked.kind, asked.body), ("facts", {"a": 1}))
        done = ErrandResult(asked.id, {"b": 2})
        self.assertIsNone(self.reply("10.0.0.2", done).errand)
        self.assertEqual(self.desk.missing(), ["10.0.0.3"])
        self.assertEqual(self.desk.results(), {"10.0.0.2": done})
        self.reply("10.0.0.2", ErrandResult(asked.id, {"b": 3}))
        self.assertEqual(self.desk.results(), {"10.0.0.2": done})

    def test_a_result_of_an_earlier_errand_is_not_taken_for_this_one(self) -> None:
        self.desk.ask("facts", {"10.0.0.2": {}})
        first = self.reply("10.0.0.2").errand
        assert first is not None
        self.desk.ask("facts", {"10.0.0.2": {}})
        again = self.reply("10.0.0.2", ErrandResult(first.id, {})).errand
        assert again is not None
        self.assertNotEqual(again.id, first.id)
        self.assertEqual(self.desk.results(), {})

    def test_refusals(self) -> None:
        self.assertEqual(self.send("10.0.0.3")[0], 409)
        self.assertEqual(self.send("10.0.0.2", cluster="other")[0], 409)
        for body in (b"", b"[]", b'{"schema": 99}', json.dumps({"schema": 1, "cluster": 3}).encode()):
            with self.subTest(body=body):
                self.assertEqual(self.desk.serve("10.0.0.2", body)[0], 400)
                with self.assertRaises(BadErrand):
                    errand.decode_reply(body)

    def test_a_handler_that_fails_is_a_result(self) -> None:
        def fails(_: dict[str, Any]) -> dict[str, Any]:
            raise OSError("disk full")

        self.assertEqual(perform({"x": fails}, Errand("1", "x", {})).error, "OSError: disk full")
        self.assertIn("knows no errand 'y'", perform({"x": fails}, Errand("1", "y", {})).error or "")


class RunnerTest(unittest.TestCase):
    """Over HTTP on the loopback, as the head serves it."""

    def setUp(self) -> None:
        (self.port,) = support.free_ports(1)
        self.desk = ErrandDesk("c")
        book = ReportBook(ipaddress.IPv4Network("127.0.0.0/8"), "c", "secret")
        server = ReportServer(support.HEAD, self.port, book, never, self.desk)
        self.addCleanup(server.close)
        self.calls: list[dict[str, Any]] = []
        self.wanted = True

    def runner(self, token: str) -> ErrandRunner:
        def echo(body: dict[str, Any]) -> dict[str, Any]:
            self.calls.append(body)
            return {"got": body}

        runner = ErrandRunner(
            "c",
            "npu-1",
            support.WORKER,
            (support.HEAD, self.port),
            token,
            {"echo": echo},
            lambda: self.wanted,
        )
        self.addCleanup(runner.close)
        return runner

    def test_does_what_it_is_asked_once(self) -> None:
        self.runner("secret")
        large = {"text": "x" * (report.MAXIMUM_BODY_BYTES * 4)}
        self.desk.ask("echo", {support.WORKER: {"n": 1}})
        support.await_that(lambda: not self.desk.missing(), self.desk.missing, 10)
        self.assertEqual(self.desk.results()[support.WORKER].body, {"got": {"n": 1}})
        self.desk.ask("unknown", {support.WORKER: large})
        support.await_that(lambda: not self.desk.missing(), self.desk.missing, 10)
        self.assertIn("knows no errand", self.desk.results()[support.WORKER].error or "")
        self.assertEqual(self.calls, [{"n": 1}])

    def test_asks_nothing_while_it_is_not_wanted(self) -> None:
        self.wanted = False
        self.runner("secret")
        self.desk.ask("echo", {support.WORKER: {}})
        time.sleep(0.7)
        self.assertEqual(self.desk.missing(), [support.WORKER])
        self.wanted = True
        support.await_that(lambda: not self.desk.missing(), self.desk.missing, 10)

    def test_a_wrong_token_gets_no_errand(self) -> None:
        self.runner("other")
        self.desk.ask("echo", {support.WORKER: {}})
        time.sleep(1.2)
        self.assertEqual((self.desk.missing(), self.calls), ([support.WORKER], []))


if __name__ == "__main__":
    unittest.main()
