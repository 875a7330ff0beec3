"""The head's side of the report channel: takes signed reports of the nodes, answers with the head's view."""

import ipaddress
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ray_node.channel import errand, report
from ray_node.channel.errand_desk import ErrandDesk
from ray_node.channel.heard_report import HeardReport
from ray_node.channel.report import BadMessage, HeadAnswer, NodeReport

_REQUEST_TIMEOUT_SECONDS = 5.0
_FAILED = "failed"


@dataclass
class _Entry:
    report: NodeReport
    received_at: float
    skew_seconds: float
    failure: str | None = None
    failed_at: float = 0.0


class ReportBook:
    """The last report of each node, by address. Safe for several threads."""

    def __init__(self, network: ipaddress.IPv4Network, cluster: str, token: str | None) -> None:
        self.network = network
        self.cluster = cluster
        self.token = token
        self._entries: dict[str, _Entry] = {}
        self._rejected: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, received: NodeReport) -> None:
        now = time.monotonic()
        entry = _Entry(received, now, received.wall_clock - time.time())
        with self._lock:
            before = self._entries.get(received.address)
            if before is not None:
                entry.failure, entry.failed_at = before.failure, before.failed_at
            if received.state == _FAILED:
                entry.failure, entry.failed_at = received.reason or "failed", now
            elif received.state != "starting":
                entry.failure = None
            self._entries[received.address] = entry
            self._rejected.pop(received.address, None)

    def reject(self, address: str) -> None:
        """A report from `address` had no or a wrong signature."""
        with self._lock:
            self._rejected[address] = time.monotonic()

    def heard(self) -> dict[str, HeardReport]:
        now = time.monotonic()
        with self._lock:
            return {
                address: HeardReport(
                    report=entry.report,
                    age_seconds=now - entry.received_at,
                    skew_seconds=entry.skew_seconds,
                    failure=entry.failure,
                    failure_age_seconds=now - entry.failed_at,
                )
                for address, entry in self._entries.items()
            }

    def rejected(self) -> dict[str, float]:
        now = time.monotonic()
        with self._lock:
            return {address: now - at for address, at in self._rejected.items()}


class ReportServer:
    """HTTP server of the channel. `answer` and `desk` get the good messages, in the server's threads."""

    def __init__(
        self,
        address: str,
        port: int,
        book: ReportBook,
        answer: Callable[[NodeReport], HeadAnswer],
        desk: ErrandDesk | None = None,
    ) -> None:
        parts = {"book": book, "answer": staticmethod(answer), "desk": desk or ErrandDesk(book.cluster)}
        handler = type("Handler", (_Handler,), parts)
        self._server = _Server((address, port), handler)
        self._server.network = book.network
        threading.Thread(target=self._server.serve_forever, args=(0.1,), name="reports", daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    network: ipaddress.IPv4Network

    def verify_request(self, request: object, client_address: object) -> bool:
        """Whoever is not on the cluster network is hung up on before a byte is read."""
        return isinstance(client_address, tuple) and ipaddress.ip_address(client_address[0]) in self.network

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    book: ReportBook
    answer: Callable[[NodeReport], HeadAnswer]
    desk: ErrandDesk
    protocol_version = "HTTP/1.1"
    timeout = _REQUEST_TIMEOUT_SECONDS
    server_version = "ray-node"
    sys_version = ""

    def do_POST(self) -> None:
        body = self._body()
        if body is not None:
            code, content = self._reply(body)
            self._send(code, content)

    def _reply(self, body: bytes) -> tuple[int, bytes]:
        client = str(self.client_address[0])
        if self.path not in (report.PATH, errand.PATH):
            return 404, b"unknown path"
        if not report.is_signed(body, self.headers.get(report.SIGNATURE_HEADER), self.book.token):
            self.book.reject(client)
            return 401, b"wrong token"
        if self.path == errand.PATH:
            return self.desk.serve(client, body)
        try:
            received = report.decode_report(body)
        except BadMessage as error:
            return 400, str(error).encode()
        if received.cluster != self.book.cluster:
            return 409, f"this is the head of cluster '{self.book.cluster}'".encode()
        if received.address != client:
            return 409, f"the report of {received.address} came from {client}".encode()
        self.book.take(received)
        return 200, report.encode_answer(self.answer(received))

    def _body(self) -> bytes | None:
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            length = -1
        if not 0 < length <= report.MAXIMUM_BODY_BYTES:
            self.close_connection = True
            self._send(413 if length > 0 else 411, f"1 to {report.MAXIMUM_BODY_BYTES} bytes".encode())
            return None
        return self.rfile.read(length)

    def _send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        # Refusals are not signed: whoever gets one may not hold the token.
        signature = report.sign(body, self.book.token) if code == 200 else None
        if signature is not None:
            self.send_header(report.SIGNATURE_HEADER, signature)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: one comes every two seconds from every node."""
