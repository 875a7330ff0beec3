"""A worker's side of the report channel."""

import http.client
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ray_node.channel import report
from ray_node.channel.report import BadMessage, HeadAnswer, NodeReport

_TIMEOUT_SECONDS = 3.0


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


def post(message: NodeReport, head: str, port: int, token: str | None) -> Exchange:
    """Send one report; never raises."""
    body = report.encode_report(message)
    started = time.monotonic()
    connection = http.client.HTTPConnection(
        head, port, timeout=_TIMEOUT_SECONDS, source_address=(message.address, 0)
    )
    headers = {"Content-Type": "application/json"}
    signature = report.sign(body, token)
    if signature is not None:
        headers[report.SIGNATURE_HEADER] = signature
    try:
        connection.request("POST", report.PATH, body, headers)
        response = connection.getresponse()
        content = response.read(report.MAXIMUM_BODY_BYTES)
        if response.status == 401:
            return Exchange(
                None, wrong_token=True, problem="wrong token: the head refuses this node's signature"
            )
        if response.status != 200:
            return Exchange(
                None, problem=f"the head refuses the report: {content.decode(errors='replace')[:200]}"
            )
        if not report.is_signed(content, response.getheader(report.SIGNATURE_HEADER), token):
            return Exchange(
                None, wrong_token=True, problem="wrong token: the head's answer is not signed with it"
            )
        answer = report.decode_answer(content)
        if answer.nonce != message.nonce:
            return Exchange(None, problem="the head's answer belongs to another report")
        return Exchange(answer, seconds=time.monotonic() - started)
    except (OSError, http.client.HTTPException, BadMessage) as error:
        return Exchange(None, problem=f"no answer from the head's report port {port}: {error}")
    finally:
        connection.close()


class Reporter:
    """Reports every two seconds (faster until the node is a member) from a thread of its own."""

    def __init__(self, build: Callable[[str], NodeReport], head: str, port: int, token: str | None) -> None:
        self._build = build
        self._head = head
        self._port = port
        self._token = token
        self._wake = threading.Event()
        self._closed = False
        self.interval_seconds = 0.5
        self.last: Exchange | None = None
        self.last_answer: HeadAnswer | None = None
        self.answered_at: float = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        self._thread.start()

    @property
    def silent_seconds(self) -> float:
        """Since the head's last answer."""
        return time.monotonic() - self.answered_at

    @property
    def delay_seconds(self) -> float:
        """About what a report needs to the head."""
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
            exchange = post(self._build(secrets.token_hex(8)), self._head, self._port, self._token)
            if exchange.answer is not None:
                self.last_answer = exchange.answer
                self.answered_at = time.monotonic()
            self.last = exchange
            self._wake.wait(self.interval_seconds)
            self._wake.clear()
