"""Attacks a node's file port, and a receiving node by a peer that lies, crawls or stops.

Right: nothing but the model's files is given away; the model is complete in time whatever the peer does, as
the head has it; and the peer is the one that is named.
"""

import contextlib
import hashlib
import ipaddress
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

from raw_channel import RawChannel
from report import IS_LONG, Attacks, threads

from ray_node.channel import signing
from ray_node.host import log
from ray_node.host.failure import StopRequested
from ray_node.staging import peer_protocol as protocol
from ray_node.staging.failure import StagingFailed
from ray_node.staging.files import SHA256, Digest, ModelFile
from ray_node.staging.folder import ModelFolder
from ray_node.staging.request import RECEIVE, FanOut, HubSource, Pace, StagingRequest
from ray_node.staging.server import FileServer
from ray_node.staging.stage import stage

TOKEN = "a" * 64
HEAD, NODE, LIAR = "127.0.0.1", "127.0.0.2", "127.0.0.5"
NETWORK = ipaddress.IPv4Network("127.0.0.0/16")
MODEL = "hub:a/b@" + "0" * 40
PACE = Pace(
    heartbeat=0.5,
    lease_stale=20.0,
    poll=0.05,
    network_timeout=2.0,
    attempts=4,
    backoff_first=0.05,
    backoff_longest=0.2,
    stall=1.0,
)
Behave = Callable[[BaseHTTPRequestHandler, bytes], None]


def free_port() -> int:
    with socket.socket() as link:
        link.bind((HEAD, 0))
        return int(link.getsockname()[1])


def file_of(name: str, content: bytes) -> ModelFile:
    return ModelFile(name, len(content), Digest(SHA256, hashlib.sha256(content).hexdigest()))


class Port:
    """The file port of a node with one file, beside files that are none of the model's."""

    def __init__(self, root: Path) -> None:
        self.port = free_port()
        self.content = os.urandom(3 << 20)
        self.folder = root / "model"
        (self.folder / ".staging").mkdir(parents=True)
        (root / "secret").write_text("SECRET")
        (self.folder / "not-listed").write_text("SECRET")
        (self.folder / "link").symlink_to(root / "secret")
        (self.folder / "w").write_bytes(self.content)
        self.server = FileServer(FanOut(HEAD, "npu-0", HEAD, self.port, NETWORK, TOKEN))
        link = ModelFile("link", 6, file_of("", b"SECRET").digest)
        self.server.offer(MODEL, ModelFolder(str(self.folder)), (file_of("w", self.content), link))

    def ask(self, path: str, byte_range: str = "bytes=0-9", **more: object) -> tuple[int | None, bytes]:
        target = str(more.pop("target", protocol.target(protocol.FILE_PATH, model=MODEL, path=path)))
        try:
            with RawChannel((HEAD, self.port), str(more.pop("token", TOKEN)), NODE) as channel:
                got = channel.send("GET", target, b"", byte_range, **more)  # type: ignore[arg-type]
                return got.status, got.body
        except (OSError, ValueError):
            return None, b""

    def is_well(self) -> bool:
        return self.ask("w") == (206, self.content[:10])


def attack_port(attacks: Attacks, root: Path) -> None:
    port = Port(root)

    def expect(name: str, got: tuple[int | None, bytes], *wanted: int | None) -> None:
        good = got[0] in wanted and b"SECRET" not in got[1] and port.is_well()
        attacks.result(f"file port: {name}", good, f"answer {got[0]}")

    expect("an honest request", port.ask("w"), 206)
    expect("another token", port.ask("w", token="b" * 64), 401)
    expect("no signature", port.ask("w", headers={signing.SIGNATURE_HEADER: ""}), 401)
    expect("the signature of another range", port.ask("w", headers={"Range": "bytes=0-99"}), 401)
    for path in (
        *("../secret", "/etc/passwd", "not-listed", ".staging/token", "link", "w/../../secret", ""),
        *("%2e%2e/secret", "..%2fsecret", "w\x00", "./w"),
    ):
        expect(f"path {path!r}", port.ask(path), 404, 400, 204)
    for byte_range in (
        *("", "bytes=-5", "bytes=5-", "bytes=0-1,3-4", "bytes=9-0", "BYTES=0-1", "bytes=0-" + "9" * 4200),
        *("bytes=3145728-3145728", "bytes=99999999999-99999999999"),
    ):
        expect(f"range {byte_range[:30]!r}", port.ask("w", byte_range), 400, 204)
    expect("a query of 60 kB", port.ask("", target="/v2/staging/file?" + "a=b&" * 15_000), 414, 431, None)
    before = threads()
    links = []
    for at in range(500):
        link = socket.socket()
        link.settimeout(1)
        with contextlib.suppress(OSError):
            link.bind((f"127.{at % 2}.0.4", 0))
            link.connect((HEAD, port.port))
            link.send(b"GET /v2")
            links.append(link)
    attacks.result("file port: 500 connections take no thread", threads() <= before and port.is_well())
    for link in links:
        link.close()
    _stalled_readers(attacks, port)
    port.server.close()


def _stalled_readers(attacks: Attacks, port: Port) -> None:
    """Nodes that ask for all and read nothing."""
    target = protocol.target(protocol.FILE_PATH, model=MODEL, path="w")
    channels = []
    for _ in range(40):
        channel = RawChannel((HEAD, port.port), TOKEN, NODE)
        call = channel.call("GET", target, b"", f"bytes=0-{len(port.content) - 1}")
        channel.connection.request("GET", target, headers=channel.headers(call))
        channels.append(channel)
    time.sleep(0.3)
    attacks.result("file port: 40 nodes that stop reading", port.is_well(), f"{threads()} threads")
    for channel in channels:
        channel.connection.close()


def attack_node(attacks: Attacks, name: str, behave: Behave, deadline: float = 20.0) -> None:
    """A receiving node whose nearest upstream is the liar, and whose head is honest."""
    root = Path(tempfile.mkdtemp(prefix="ray-cluster-attack-"))
    port, content = free_port(), os.urandom(300_000)
    (root / "head").mkdir()
    (root / "head" / "w").write_bytes(content)
    head = FileServer(FanOut(HEAD, "npu-0", HEAD, port, NETWORK, TOKEN))
    head.offer(MODEL, ModelFolder(str(root / "head")), (file_of("w", content),))
    head.listing(MODEL, LIAR)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                if self.path == signing.CHALLENGE_PATH:
                    self.send_response(200)
                    self.send_header("Content-Length", "32")
                    self.end_headers()
                    self.wfile.write(b"0" * 32)
                    return
                behave(self, content)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing."""

    liar = ThreadingHTTPServer((LIAR, port), Handler)
    liar.daemon_threads = True
    liar.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=liar.serve_forever, args=(0.02,), daemon=True).start()
    fan_out = FanOut(NODE, "npu-0", HEAD, port, NETWORK, TOKEN)
    own = FileServer(fan_out)
    source = HubSource("a/b", "0" * 40, "http://127.0.0.1:1")
    request = StagingRequest(
        source, str(root / "own"), "c", "npu-1", RECEIVE, fan_out, deadline, 2, pace=PACE
    )
    said: list[str] = []
    began = time.monotonic()
    with mock.patch.object(log, "line", said.append):
        try:
            stage(request, lambda _: None, server=own)
            got = "complete" if (root / "own" / "w").read_bytes() == content else "wrong content"
        except (StagingFailed, StopRequested) as error:
            got = f"{type(error).__name__}: {error}"[:160]
        except Exception as error:
            got = f"an internal error: {error!r}"[:160]
    own.close()
    head.close()
    liar.shutdown()
    liar.server_close()
    shutil.rmtree(root, ignore_errors=True)
    blamed = [line for line in said if HEAD in line and LIAR not in line]
    good = got == "complete" and not blamed
    attacks.result(f"a peer: {name}", good, f"{got} in {time.monotonic() - began:.1f} s {blamed[:1] or ''}")


def answers(
    body: Callable[[bytes, int, int], bytes], status: int = 206, length: int | None = None, begins: int = 0
) -> Behave:
    """`body` gets the right content and the range that is asked for; `begins` is added to what is claimed."""

    def behave(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        first, last = map(int, handler.headers["Range"][6:].split("-"))
        given = body(content, first, last)
        handler.send_response(status)
        handler.send_header("Content-Range", f"bytes {first + begins}-{last}/*")
        handler.send_header("Content-Length", str(len(given) if length is None else length))
        handler.end_headers()
        handler.wfile.write(given)

    return behave


def stops(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answers(lambda right, first, _: right[first : first + 1000], length=300_000)(handler, content)
    time.sleep(8)


def crawls(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    answers(lambda *_: b"", length=300_000)(handler, content)
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.2)


def never_ends(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(206)
    handler.end_headers()
    for _part in range(10_000):
        handler.wfile.write(b"z" * 65_536)


def says(status: int, **headers: str) -> Behave:
    def behave(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    return behave


def babbles(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"HTTP/1.1 999999 \x1b[31m\r\n\r\n")


PEERS: dict[str, Behave] = {
    "wrong bytes": answers(lambda _, first, last: b"y" * (last - first + 1)),
    "one wrong byte at the end": answers(lambda right, first, last: right[first:last] + b"\0"),
    "right bytes at a wrong place": answers(lambda right, first, last: right[first + 1 : last + 2]),
    "another range than asked for": answers(lambda right, *_: right[:100], begins=7),
    "more bytes than asked for": answers(lambda right, *_: right + b"more"),
    "nothing, and calls it a part": answers(lambda *_: b""),
    "stops in the middle": stops,
    "a byte each 0.2 s": crawls,
    "an answer without an end": never_ends,
    "204 for ever": says(204),
    "503 for ever": says(503),
    "401, as an earlier deployment": says(401),
    "403": says(403),
    "409": says(409),
    "a redirect": says(302, Location="http://127.0.0.9/"),
    "closes at once": lambda *_: None,
    "a status that is none": babbles,
}
#: In the short form: one of each kind.
FEW = ("wrong bytes", "right bytes at a wrong place", "a byte each 0.2 s", "401, as an earlier deployment")


def main() -> None:
    attacks = Attacks("file port and lying peers")
    root = Path(tempfile.mkdtemp(prefix="ray-cluster-attack-"))
    attack_port(attacks, root)
    shutil.rmtree(root, ignore_errors=True)
    for name, behave in PEERS.items():
        if IS_LONG or name in FEW:
            attack_node(attacks, name, behave)
    attacks.end()


if __name__ == "__main__":
    main()
