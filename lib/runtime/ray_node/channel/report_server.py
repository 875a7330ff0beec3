"""The head's side of the report channel: takes signed reports of the nodes, answers with the head's view."""

import ipaddress
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ray_node.channel import plain, report
from ray_node.channel.plain import NotPlain
from ray_node.channel.report import HeadAnswer, HeardReport, NodeReport
from ray_node.channel.routes import Reply, Request, Route, Routes
from ray_node.channel.server import Server
from ray_node.host import clock, refusals

#: Addresses that are remembered for a wrong signature.
_MOST_REJECTED = 4096


@dataclass
class _Entry:
    heard: HeardReport
    received_at: float
    failed_at: float = 0.0


class ReportBook:
    """The last report of each node, by address. Safe for several threads."""

    def __init__(self, network: ipaddress.IPv4Network, cluster: str, token: str) -> None:
        self.network = network
        self.cluster = cluster
        self.token = token
        self._entries: dict[str, _Entry] = {}
        self._rejected: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, received: NodeReport) -> None:
        now = clock.monotonic()
        skew = received.wall_clock - clock.wall()
        with self._lock:
            before = self._entries.get(received.address)
            failure, failed_at = (before.heard.failure, before.failed_at) if before else (None, 0.0)
            if received.state == "failed":
                failure, failed_at = received.reason or "failed", now
            elif received.state != "starting":
                failure = None
            heard = HeardReport(received, 0.0, skew, failure)
            self._entries[received.address] = _Entry(heard, now, failed_at)
            self._rejected.pop(received.address, None)

    def reject(self, address: str) -> None:
        """A report from `address` had no or a wrong signature."""
        with self._lock:
            self._rejected.pop(address, None)
            self._rejected[address] = clock.monotonic()
            for oldest in list(self._rejected)[:-_MOST_REJECTED]:
                del self._rejected[oldest]

    def heard(self) -> dict[str, HeardReport]:
        now = clock.monotonic()
        with self._lock:
            return {
                address: HeardReport(
                    entry.heard.report,
                    now - entry.received_at,
                    entry.heard.skew_seconds,
                    entry.heard.failure,
                    now - entry.failed_at,
                )
                for address, entry in self._entries.items()
            }

    def rejected(self) -> dict[str, float]:
        now = clock.monotonic()
        with self._lock:
            return {address: now - at for address, at in self._rejected.items()}


class ReportServer(Server):
    """`answer` gets the good reports, and `ready` answers `GET /ready`, in the server's threads."""

    def __init__(
        self,
        address: str,
        port: int,
        book: ReportBook,
        answer: Callable[[NodeReport], HeadAnswer],
        ready: Route | None = None,
        workload: Route | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        def take(request: Request) -> Reply:
            try:
                received = plain.from_message(NodeReport, request.body)
            except NotPlain as error:
                refusals.note("report", error.code, f"{request.client}: {error}")
                return Reply(400, str(error).encode())
            if received.cluster != book.cluster:
                return Reply(409, f"this is the head of cluster '{book.cluster}'".encode())
            if received.address != request.client:
                return Reply(409, f"the report of {received.address} came from {request.client}".encode())
            book.take(received)
            return Reply(200, plain.to_message(answer(received)))

        signed: dict[str, Route] = {f"POST {report.PATH}": take}
        if workload is not None:
            signed[f"GET {report.WORKLOAD_PATH}"] = workload
        routes = Routes(
            signed,
            book.network,
            book.token,
            tls,
            quick=frozenset({f"POST {report.PATH}"}),
            public={} if ready is None else {"GET /ready": ready},
            on_wrong_token=book.reject,
        )
        super().__init__(address, port, routes)
