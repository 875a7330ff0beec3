"""Attacks the head's report port: authentication, HTTP, JSON, and amounts. The server is the real one."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import Any

from raw_channel import Got, RawChannel, raw
from report import Attacks, descriptors, resident_mib, threads

from ray_node.channel import plain, report, signing
from ray_node.channel.report import NodeReport
from ray_node.channel.signing import SIGNATURE_HEADER
from ray_node.host.versions import Versions

TOKEN = "a" * 64
HEAD, NODE, STRANGER = "127.0.0.1", "127.0.0.2", "127.0.0.4"
REPORT = NodeReport("c", "npu-1", "npu", NODE, "joined", None, Versions("2.58.0", "3.11.7"), 8, 8, 0.0)
CHILD = """
import ipaddress, json, sys, threading
from ray_node.channel.report import HeadAnswer
from ray_node.channel.report_server import ReportBook, ReportServer
from ray_node.host import refusals
from ray_node.host.versions import Versions
book = ReportBook(ipaddress.IPv4Network("127.0.0.0/8"), "c", sys.argv[1])
answer = lambda _: HeadAnswer("s", "joined", None, Versions("2.58.0", "3.11.7"), True, "ok")
server = ReportServer("127.0.0.1", 0, book, answer)
print(server.port, flush=True)
for _ in sys.stdin:
    found = {"heard": sorted(book.heard()), "refused": refusals.counts()}
    found["reasons"] = [str(heard.report) for heard in book.heard().values()]
    sys.stderr.write(json.dumps(found) + "\\n")
    sys.stderr.flush()
"""


class Target:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, TOKEN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.server = (HEAD, int(self.process.stdout.readline()))
        self._lines = self.process.stdout
        threading.Thread(target=lambda: list(self._lines), daemon=True).start()

    def look(self) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stderr is not None
        self.process.stdin.write("look\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self.process.stderr.readline())
        return found

    def post(self, body: bytes, source: str = NODE, **more: Any) -> Got | None:
        """`None`: no answer."""
        try:
            with RawChannel(self.server, more.pop("token", TOKEN), source) as channel:
                return channel.send("POST", report.PATH, body, **more)
        except (OSError, ValueError):
            return None

    def is_well(self) -> bool:
        """A node's report is answered with 200 within two seconds."""
        began = time.monotonic()
        got = self.post(plain.to_message(REPORT))
        return got is not None and got.status == 200 and time.monotonic() - began < 2.0

    def status(self, content: bytes, source: str = STRANGER) -> int | None:
        said = raw(self.server, content, source)
        return int(said.split()[1]) if said.startswith(b"HTTP/") else None


def main() -> None:
    attacks, target = Attacks("report port"), Target()

    def expect(name: str, status: int | None, *wanted: int | None) -> None:
        attacks.result(name, status in wanted and target.is_well(), f"answer {status}")

    def status_of(got: Got | None) -> int | None:
        return got.status if got is not None else None

    good = plain.to_message(REPORT)
    # Authentication.
    other = plain.to_message(replace(REPORT, address="127.0.0.3"))
    for name, headers in {
        "no signature": {SIGNATURE_HEADER: ""},
        "a wrong signature": {SIGNATURE_HEADER: "0" * 64},
        "a signature of other letters": {SIGNATURE_HEADER: "\xe9" * 32},
        "a signature of 60 kB": {SIGNATURE_HEADER: "A" * 60_000},
    }.items():
        got = status_of(target.post(other, "127.0.0.3", headers=headers))
        attacks.result(
            name, got in (400, 401, 431) and "127.0.0.3" not in target.look()["heard"], f"answer {got}"
        )
    expect("another token", status_of(target.post(good, token="b" * 64)), 401)
    expect("another node's address", status_of(target.post(other)), 409)
    expect("another cluster", status_of(target.post(plain.to_message(replace(REPORT, cluster="d")))), 409)
    with RawChannel(target.server, TOKEN, NODE) as channel:
        signed = channel.headers(channel.call("POST", report.PATH, good))
        first = channel.plain("POST", report.PATH, good, signed).status
        again = channel.plain("POST", report.PATH, good, signed).status
    with RawChannel(target.server, TOKEN, NODE) as channel:
        later = channel.plain("POST", report.PATH, good, signed).status
    attacks.result(
        "a report that was sent before", (first, again, later) == (200, 401, 401), f"{again}, {later}"
    )
    # HTTP.
    path = report.PATH.encode()
    for method in (b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"FOO"):
        expect(f"method {method.decode()}", target.status(method + b" / HTTP/1.1\r\n\r\n"), 501)
    for name, content, wanted in (
        ("a path out of it", b"POST /../../etc/passwd HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 404),
        ("an absolute target", b"POST http://127.0.0.1/ HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 400),
        ("no length", b"POST " + path + b" HTTP/1.1\r\n\r\n", 411),
        (
            "chunks",
            b"POST " + path + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            411,
        ),
        (
            "two lengths",
            b"POST " + path + b" HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nhello",
            400,
        ),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("a line of 70 kB", b"POST /" + b"a" * 70_000 + b" HTTP/1.0\r\n\r\n", 414),
        (
            "200 headers",
            b"GET / HTTP/1.1\r\n" + b"".join(b"h%d: x\r\n" % at for at in range(200)) + b"\r\n",
            431,
        ),
        ("a header of 70 kB", b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        ("a continued header", b"GET / HTTP/1.1\r\nA: b\r\n\tc: d\r\n\r\n", 400),
    ):
        expect(name, target.status(content), wanted)
    for length in (
        b"-1",
        b"0",
        b"abc",
        b"",
        b"262145",
        b"9" * 26,
        b"1e3",
        b"0x10",
        b"+5",
        b"5, 5",
        b"\xef\xbc\x95",
    ):
        content = b"POST " + path + b" HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\nhello"
        expect(f"length {length!r}", target.status(content), 400, 409, 411, 413)
    for name, content in (("noise", os.urandom(200_000)), ("TLS", b"\x16\x03\x01\x02\x00" + os.urandom(500))):
        target.status(content)
        attacks.result(f"{name} of {len(content)} bytes", target.is_well())
    # JSON that is signed: a node that holds the token is broken, or not honest.
    value = json.loads(good)
    bodies: dict[str, bytes] = {
        "depth": b"[" * 60_000,
        "no JSON": b"{",
        "no UTF-8": b'{"a": "\xff\xfe"}',
        "a number of 60 kB": b"9" * 60_000,
        "a list": b"[]",
        "null": b"null",
        "NaN": b"NaN",
        "a BOM": b"\xef\xbb\xbf{}",
        "a key twice": good[:-1] + b', "name": "x"}',
        "accelerators 1e999": good.replace(b'"acceleratorsFound": 8', b'"acceleratorsFound": 1e999'),
        "a clock that is none": good.replace(b'"wallClock": 0.0', b'"wallClock": NaN'),
        "an attempt of 4000 digits": good[:-1] + b', "staged": {"attempt": ' + b"9" * 4000 + b"}}",
        "an address that is a list": json.dumps({**value, "address": [NODE]}).encode(),
        "half a character": good.replace(b'"reason": null', b'"reason": "\\ud800"'),
    }
    for name, body in bodies.items():
        expect(f"signed, {name}", status_of(target.post(body)), 400)
    escapes = {**value, "reason": "\x1b]0;owned\x07\x1b[2J", "name": "npu-1\n2026 serving fake\x1b[31m"}
    expect("signed, terminal escapes", status_of(target.post(json.dumps(escapes).encode())), 200)
    with RawChannel(target.server, TOKEN, NODE) as channel:
        channel.send("POST", report.PATH, json.dumps(escapes).encode())
    found = target.look()
    attacks.result(
        "no escape is kept", not any("\\x1b" in said or "\x1b" in said for said in found["reasons"])
    )
    _amounts(attacks, target)
    found = target.look()
    attacks.result(
        "only nodes with the token are in the book", set(found["heard"]) == {NODE}, str(found["heard"])
    )
    internal = [channel for channel, causes in found["refused"].items() if "internal" in causes]
    attacks.result("no internal error", not internal, str(internal))
    target.process.kill()
    attacks.end()


def _amounts(attacks: Attacks, target: Target) -> None:
    pid = target.process.pid
    for name, count, content in (
        ("1000 idle connections", 1000, b"POST /v2/report HTTP/1.1\r\n"),
        ("400 connections with 98 headers of 64 kB", 400, b"A: " + b"x" * 65_000 + b"\r\n"),
    ):
        before = threads(pid), resident_mib(pid)
        links = []
        for _ in range(count):
            link = socket.socket()
            link.settimeout(1)
            with contextlib.suppress(OSError):
                link.bind((STRANGER, 0))
                link.connect(target.server)
                link.setblocking(False)
                link.send(content)
                links.append(link)
        well = target.is_well()
        grown = threads(pid) - before[0], resident_mib(pid) - before[1], descriptors(pid)
        attacks.result(
            f"{name}, unauthenticated",
            well and grown[0] < 4 and grown[1] < 32 and grown[2] < 200,
            f"{grown[0]:+d} threads, {grown[1]:+.0f} MiB, {grown[2]} descriptors",
        )
        for link in links:
            link.close()
    links = []
    for _ in range(10):
        link = socket.create_connection(target.server, 3, source_address=(STRANGER, 0))
        links.append(link)
    began = time.monotonic()
    while time.monotonic() - began < 8:
        for link in links:
            with contextlib.suppress(OSError):
                link.send(b"x")
        time.sleep(0.5)
    left = descriptors(pid)
    attacks.result("connections that drip are hung up on", left < 15, f"{left} descriptors after 8 s")
    assert signing.CHALLENGE_PATH


if __name__ == "__main__":
    main()
