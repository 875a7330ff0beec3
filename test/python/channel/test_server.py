import ipaddress
import os
import socket
import tempfile
import threading
import time
import unittest
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import mock

import support
from raw_channel import RawChannel, raw

from ray_node.channel import server as channel_server
from ray_node.channel import signing
from ray_node.channel.client import Client, Unanswered
from ray_node.channel.file_part import FilePart
from ray_node.channel.routes import Reply, Request, Route, Routes
from ray_node.channel.server import Server
from ray_node.host import refusals

TOKEN = "ab" * 32
NODE, STRANGER, OUTSIDER = "127.0.0.2", "127.0.0.9", "127.9.0.1"


class ServerTest(unittest.TestCase):
    def setUp(self) -> None:
        refusals.forget()
        self.addCleanup(refusals.forget)
        patch = mock.patch("ray_node.host.log.line")
        patch.start()
        self.addCleanup(patch.stop)
        self.wrong: list[str] = []
        self.threads: set[str] = set()

    def serve(self, public: bool = False, **routes: Route) -> None:
        def echo(request: Request) -> Reply:
            self.threads.add(threading.current_thread().name)
            return Reply(200, request.body or request.name.encode())

        self.port = support.free_ports(1)[0]
        signed: dict[str, Route] = {"POST /quick": echo, "POST /slow": echo, "GET /below/": echo}
        signed.update({f"POST /{name}": route for name, route in routes.items()})
        made = Routes(
            signed,
            ipaddress.IPv4Network("127.0.0.0/16"),
            TOKEN,
            quick=frozenset({"POST /quick"}),
            public={"GET /ready": lambda _: Reply(503, b"waits")} if public else {},
            on_wrong_token=self.wrong.append,
        )
        self.server = Server(support.HEAD, self.port, made)
        self.addCleanup(self.server.close)

    def channel(self, token: str = TOKEN, address: str = NODE) -> RawChannel:
        return RawChannel((support.HEAD, self.port), token, address)

    def open(self, address: str, content: bytes = b"") -> socket.socket:
        link = socket.create_connection((support.HEAD, self.port), 5, source_address=(address, 0))
        self.addCleanup(link.close)
        link.sendall(content)
        return link

    def answers(self) -> None:
        with self.channel() as channel:
            self.assertEqual(channel.send("POST", "/quick", b"x").body, b"x")

    def test_requests_of_one_connection_are_answered_in_order(self) -> None:
        self.serve()
        with self.channel() as channel:
            for body in (b"a", b"b" * 200_000, b"c"):
                for path in ("/quick", "/slow"):
                    self.assertEqual(channel.send("POST", path, body).body, body)
            self.assertEqual(channel.send("GET", "/below/name").body, b"name")
        self.assertIn(f"server-{self.port}", self.threads)
        self.assertEqual(len(self.threads), 2)

    def test_request_that_was_sent_before_is_refused(self) -> None:
        """On the same connection, on another one, and with another number."""
        self.serve()
        with self.channel() as first:
            call = first.call("POST", "/quick", b"x")
            headers = first.headers(call)
            self.assertEqual(first.plain("POST", "/quick", b"x", headers).status, 200)
            self.assertEqual(first.plain("POST", "/quick", b"x", headers).status, 401)
        with self.channel() as second:
            self.assertEqual(second.plain("POST", "/quick", b"x", headers).status, 401)
        with self.channel() as third:
            self.assertEqual(third.send("POST", "/quick", b"x", count=2).status, 401)
        self.assertEqual(self.wrong, [NODE] * 3)
        self.answers()

    def test_every_part_of_a_request_is_signed(self) -> None:
        self.serve()
        wrong: list[dict[str, Any]] = [
            {"server": "127.0.0.1:1"},
            {"challenge": "0" * 32},
            {"address": STRANGER},
            {"method": "GET"},
            {"target": "/slow"},
            {"byte_range": "bytes=0-1"},
            {"content": signing.digest(b"y")},
            {"nonce": "1"},
            {"count": 2},
        ]
        for changes in wrong:
            with self.subTest(changes), self.channel() as channel:
                call = channel.call("POST", "/quick", b"x")
                signature = channel.headers(replace(call, **changes))[signing.SIGNATURE_HEADER]
                headers = {**channel.headers(call), signing.SIGNATURE_HEADER: signature}
                self.assertEqual(channel.plain("POST", "/quick", b"x", headers).status, 401)
        for sign in ("", "0" * 64, "é" * 32, "A" * 64, "0" * 9000):
            with self.subTest(sign[:5]), self.channel() as channel:
                headers = {signing.SIGNATURE_HEADER: sign}
                self.assertIn(channel.send("POST", "/quick", b"x", headers=headers).status, (400, 401, 431))
        self.answers()

    def test_content_that_does_not_fit_its_signature_is_refused(self) -> None:
        self.serve()
        with self.channel() as channel:
            headers = channel.headers(channel.call("POST", "/quick", b"x"))
            self.assertEqual(channel.plain("POST", "/quick", b"y", headers).status, 401)

    def test_nothing_is_read_of_an_address_outside(self) -> None:
        self.serve()
        self.assertEqual(self.open(OUTSIDER).recv(1), b"")
        self.assertIn("outside", refusals.counts()[f"port {self.port}"])

    def test_outsider_may_ask_for_what_is_public_and_nothing_else(self) -> None:
        self.serve(public=True)
        server = (support.HEAD, self.port)
        self.assertIn(b"503", raw(server, b"GET /ready HTTP/1.1\r\nHost: x\r\n\r\n", OUTSIDER))
        for content in (b"GET /v3/challenge HTTP/1.1\r\n\r\n", b"GET /below/x HTTP/1.1\r\n\r\n"):
            self.assertIn(b"403", raw(server, content, OUTSIDER))
        self.assertIn(b"413", raw(server, b"GET /ready HTTP/1.1\r\nContent-Length: 9\r\n\r\n", OUTSIDER))

    def test_connections_without_the_token_are_few_for_each_address(self) -> None:
        self.serve(public=True)
        links = [self.open(STRANGER, b"GET /") for _ in range(40)]
        outside = [self.open(OUTSIDER, b"GET /") for _ in range(10)]
        self.answers()
        time.sleep(0.1)
        for found, most in ((links, 16), (outside, 4)):
            self.assertEqual(sum(_is_open(link) for link in found), most)

    def test_nodes_are_not_hung_up_on_for_the_sake_of_strangers(self) -> None:
        self.serve()
        with self.channel() as channel:
            channel.send("POST", "/quick", b"x")
            for _ in range(3):
                for index in range(100):
                    self.open(f"127.0.{index}.77", b"P")
            self.assertEqual(channel.send("POST", "/quick", b"y").body, b"y")
        self.answers()

    def test_request_that_drips_is_ended_in_time(self) -> None:
        with mock.patch.object(channel_server, "REQUEST_SECONDS", 0.5):
            self.serve()
            link = self.open(STRANGER, b"GET /")
            began = time.monotonic()
            while _is_open(link) and time.monotonic() - began < 10:
                try:
                    link.sendall(b"x")
                except OSError:
                    break
                time.sleep(0.1)
            self.assertLess(time.monotonic() - began, 5)
        self.assertIn("too-slow", refusals.counts()[f"port {self.port}"])

    def test_whatever_comes_the_server_goes_on(self) -> None:
        self.serve(public=True)
        server = (support.HEAD, self.port)
        for content in (
            os.urandom(200_000),
            b"\n" * 100_000,
            b"\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00" + os.urandom(500),
            b"GET /ready?" + b"a=b&" * 1000 + b" HTTP/1.1\r\n\r\n",
            b"GET /ready?%ff%fe HTTP/1.1\r\n\r\n",
            b"GET /" + b"a" * 70_000 + b" HTTP/1.0\r\n\r\n",
            b"POST /quick HTTP/1.1\r\nContent-Length: 60000\r\n\r\nhi",
        ):
            with self.subTest(content[:20]):
                raw(server, content, STRANGER, 3)
                self.answers()
        self.assertNotIn("internal", refusals.counts()[f"port {self.port}"])

    def test_route_that_fails_is_answered_and_counted(self) -> None:
        def fails(_: Request) -> Reply:
            raise RecursionError

        self.serve(fails=fails)
        with self.channel() as channel:
            self.assertEqual(channel.send("POST", "/fails", b"x").status, 500)
            self.assertEqual(channel.send("POST", "/quick", b"x").status, 200)

    def test_more_slow_requests_than_threads_are_told_so(self) -> None:
        release = threading.Event()

        def waits(_: Request) -> Reply:
            release.wait(10)
            return Reply(200, b"done")

        self.serve(waits=waits)
        found: list[int] = []

        def ask() -> None:
            with self.channel() as channel:
                found.append(channel.send("POST", "/waits", b"x").status)

        threads = [threading.Thread(target=ask) for _ in range(10)]
        for thread in threads:
            thread.start()
        _until(lambda: found.count(503) == 2)
        self.answers()
        release.set()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(found), [200] * 8 + [503] * 2)

    def test_file_is_sent_and_the_connection_stays(self) -> None:
        content = os.urandom(3 << 20)
        sent: list[int] = []
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()

            def part(_: Request) -> Reply:
                return Reply(206, part=FilePart(open(file.name, "rb"), 5, len(content), sent.append))

            self.serve(part=part)
            with Client(NODE, TOKEN).line((support.HEAD, self.port)) as line:
                for _ in range(2):
                    answer = line.send("POST", "/part", 20, b"x")
                    self.assertEqual(answer.response.read(), content[5:])
                    answer.close()
        _until(lambda: len(sent) == 2)
        self.assertEqual(sent, [len(content) - 5] * 2)

    def test_client_connects_anew_when_the_server_has_hung_up(self) -> None:
        with mock.patch.object(channel_server, "IDLE_SECONDS", 0.1):
            self.serve()
            with Client(NODE, TOKEN).line((support.HEAD, self.port)) as line:
                for body in (b"a", b"b"):
                    self.assertEqual(line.send("POST", "/quick", 5, body).read(10), body)
                    time.sleep(0.8)

    def test_answer_that_drips_ends_in_time(self) -> None:
        with socket.create_server((support.HEAD, 0)) as listener:

            def drip() -> None:
                link, _ = listener.accept()
                with link:
                    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
                    for _ in range(50):
                        try:
                            link.sendall(b"x")
                        except OSError:
                            return
                        time.sleep(0.1)

            threading.Thread(target=drip, daemon=True).start()
            began = time.monotonic()
            with (
                self.assertRaises(Unanswered),
                Client(NODE, TOKEN).line(listener.getsockname()) as line,
            ):
                line.send("GET", "/", 0.5)
            self.assertLess(time.monotonic() - began, 3)

    def test_close_ends_all_connections(self) -> None:
        self.serve()
        link = self.open(NODE)
        self.server.close()
        self.assertEqual(link.recv(1), b"")
        with self.assertRaises(OSError):
            self.open(NODE)


def _is_open(link: socket.socket) -> bool:
    link.setblocking(False)
    try:
        return link.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        link.settimeout(5)


def _until(met: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            raise AssertionError("not in time")
        time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
