"""A node's side of the errands: asks the head while `wanted`, does what it is asked, brings the result."""

import http.client
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ray_node.channel import errand, report
from ray_node.channel.errand import Ask, BadErrand, Errand, ErrandResult, Reply
from ray_node.host import log

Handlers = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]

_ASK_SECONDS = 0.5
_IDLE_SECONDS = 0.2
_TIMEOUT_SECONDS = 10.0


def perform(handlers: Handlers, asked: Errand) -> ErrandResult:
    """A handler that fails is a result like any other: the head says whose it was."""
    handler = handlers.get(asked.kind)
    if handler is None:
        return ErrandResult(asked.id, {}, f"this node program knows no errand '{asked.kind}'")
    try:
        return ErrandResult(asked.id, handler(asked.body))
    except Exception as error:
        return ErrandResult(asked.id, {}, f"{type(error).__name__}: {error}"[:2000])


class ErrandRunner:
    """A thread of its own: errands take up to minutes, and the node must keep its heartbeat."""

    def __init__(
        self,
        cluster: str,
        name: str,
        address: str,
        head: tuple[str, int],
        token: str | None,
        handlers: Handlers,
        wanted: Callable[[], bool],
    ) -> None:
        self._cluster, self._name, self._address = cluster, name, address
        self._head, self._port = head
        self._token = token
        self._handlers = handlers
        self._wanted = wanted
        self._closing = threading.Event()
        threading.Thread(target=self._run, name="errands", daemon=True).start()

    def close(self) -> None:
        self._closing.set()

    def _run(self) -> None:
        result: ErrandResult | None = None
        while not self._closing.wait(_ASK_SECONDS if self._wanted() else _IDLE_SECONDS):
            if not self._wanted():
                result = None
                continue
            reply = self._ask(result)
            if reply is None or reply.errand is None:
                continue
            if result is None or result.id != reply.errand.id:
                result = perform(self._handlers, reply.errand)
                self._ask(result)

    def _ask(self, result: ErrandResult | None) -> Reply | None:
        """One exchange; `None` when the head does not answer, which the reports say already."""
        asked = Ask(self._cluster, self._name, self._address, secrets.token_hex(8), result)
        body = errand.encode(asked)
        headers = {"Content-Type": "application/json"}
        signature = report.sign(body, self._token)
        if signature is not None:
            headers[report.SIGNATURE_HEADER] = signature
        connection = http.client.HTTPConnection(
            self._head, self._port, timeout=_TIMEOUT_SECONDS, source_address=(self._address, 0)
        )
        try:
            connection.request("POST", errand.PATH, body, headers)
            response = connection.getresponse()
            content = response.read(errand.MAXIMUM_ANSWER_BYTES)
            if response.status != 200:
                log.line(f"errand: the head refuses: {content.decode(errors='replace')[:200]}")
                return None
            if not report.is_signed(content, response.getheader(report.SIGNATURE_HEADER), self._token):
                return None
            reply = errand.decode_reply(content)
        except (OSError, http.client.HTTPException, BadErrand):
            return None
        finally:
            connection.close()
        # An old answer, sent again by somebody, belongs to another message.
        return reply if reply.nonce == asked.nonce else None
