"""A worker's side of the report channel."""

import contextlib
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ray_node.channel import plain, report
from ray_node.channel.client import Client, Line, OtherAuthority, Unanswered, WrongToken
from ray_node.channel.plain import NotPlain
from ray_node.channel.report import HeadAnswer, NodeReport
from ray_node.host import clock, refusals

_TIMEOUT_SECONDS = 3.0
_FETCH_SECONDS = 10.0
#: A rank table of many nodes is large.
_MAXIMUM_ANSWER_BYTES = 4 << 20


@dataclass(frozen=True)
class Exchange:
    """The outcome of one report."""

    answer: HeadAnswer | None
    #: The head refused the signature.
    wrong_token: bool = False
    #: Why there is no answer.
    problem: str | None = None
    #: From sending to the answer.
    seconds: float = 0.0


def post(
    message: NodeReport, head: str, port: int, token: str, tls: ssl.SSLContext | None = None
) -> Exchange:
    """Send one report on a connection of its own; never raises."""
    with Client(message.address, token, tls).line((head, port)) as line:
        return _post(message, line, port)


def _post(message: NodeReport, line: Line, port: int) -> Exchange:
    started = clock.monotonic()
    try:
        body = plain.to_message(message)
        with contextlib.closing(line.send("POST", report.PATH, _TIMEOUT_SECONDS, body)) as answer:
            if answer.status == 401:
                problem = "wrong token: the head refuses this node's signature"
                return Exchange(None, wrong_token=True, problem=problem)
            if answer.status != 200:
                return Exchange(None, problem=f"the head refuses the report: {answer.refusal()}")
            content = plain.from_message(HeadAnswer, answer.read(_MAXIMUM_ANSWER_BYTES))
            return Exchange(content, seconds=clock.monotonic() - started)
    except WrongToken:
        problem = "wrong token: the head's answer is not signed with this cluster's token"
        return Exchange(None, wrong_token=True, problem=problem)
    except OtherAuthority:
        problem = "wrong token: the head's certificate is of the authority of another token"
        return Exchange(None, wrong_token=True, problem=problem)
    except NotPlain as error:
        refusals.note("head's answer", error.code, str(error))
        return Exchange(None, problem=f"the answer from the head's report port {port} is unusable: {error}")
    except Unanswered as error:
        return Exchange(None, problem=f"no answer from the head's report port {port}: {error}")
    except Exception as error:
        # Whatever comes, the next report is sent.
        refusals.note("head's answer", "internal", repr(error))
        return Exchange(None, problem=f"the report could not be sent: {error!r}")


def fetch_workload(number: str, client: Client, head: str, port: int) -> bytes:
    """The content of a workload's file. Raises Unanswered."""
    target = f"{report.WORKLOAD_PATH}{number}"
    with (
        client.line((head, port)) as line,
        contextlib.closing(line.send("GET", target, _FETCH_SECONDS)) as answer,
    ):
        if answer.status != 200:
            raise Unanswered(f"the head has no workload {number} for this node: {answer.refusal()}")
        try:
            return answer.read(_MAXIMUM_ANSWER_BYTES)
        except WrongToken:
            raise Unanswered("the answer is not signed with this cluster's token") from None


class Reporter:
    """Reports every two seconds (faster until the node is a member) from a thread of its own."""

    def __init__(
        self,
        build: Callable[[], NodeReport],
        head: str,
        port: int,
        token: str,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._build = build
        self._head = head
        self._port = port
        self._token = token
        self._tls = tls
        self._line: Line | None = None
        self._wake = threading.Event()
        self._closed = False
        self.interval_seconds = 0.5
        self.last: Exchange | None = None
        self.last_answer: HeadAnswer | None = None
        self.answered_at: float = clock.monotonic()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        self._thread.start()

    @property
    def silent_seconds(self) -> float:
        """Since the head's last answer."""
        return clock.monotonic() - self.answered_at

    @property
    def delay_seconds(self) -> float:
        """About how long a report takes to reach the head."""
        last = self.last
        return last.seconds / 2 if last is not None else 0.0

    def now(self) -> None:
        """Send the next report at once."""
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    def _run(self) -> None:
        while not self._closed:
            exchange = self._exchange()
            if exchange.answer is not None:
                self.last_answer = exchange.answer
                self.answered_at = clock.monotonic()
            self.last = exchange
            clock.wait(self._wake, self.interval_seconds)
            self._wake.clear()
        if self._line is not None:
            self._line.close()

    def _exchange(self) -> Exchange:
        """Never raises: this thread is the node's voice."""
        try:
            message = self._build()
        except Exception as error:
            refusals.note("report", "internal", repr(error))
            return Exchange(None, problem=f"the report could not be made: {error!r}")
        if self._line is None or self._line.client.own_address != message.address:
            self._line = Client(message.address, self._token, self._tls).line((self._head, self._port))
        return _post(message, self._line, self._port)
