"""What the head asks of a node between `formed` and the engine's start, and what the node answers.

Signed like the reports, on the same port. A node asks for its errand, does it, and brings the result; nothing
ever connects to a node.
"""

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from ray_node import REPORT_SCHEMA
from ray_node.channel import plain

T = TypeVar("T")

PATH = "/v1/errand"
#: A rank table of many nodes is large.
MAXIMUM_ANSWER_BYTES = 4 << 20


class BadErrand(Exception):
    """The message is not what the protocol allows."""


@dataclass(frozen=True)
class Errand:
    """`kind` names a handler of the node; `body` is its argument."""

    id: str
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True)
class ErrandResult:
    """`error`: the handler could not do it, and why; `body` is then empty."""

    id: str
    body: dict[str, Any]
    error: str | None = None


@dataclass(frozen=True)
class Ask:
    """A node's message: who it is, and the result of its last errand."""

    cluster: str
    name: str
    address: str
    nonce: str
    result: ErrandResult | None


@dataclass(frozen=True)
class Reply:
    """The head's answer; `errand` is `None` while there is nothing to do."""

    nonce: str
    errand: Errand | None


def encode(message: Ask | Reply) -> bytes:
    return json.dumps({"schema": REPORT_SCHEMA, **plain.encode(message)}).encode()


def decode_ask(body: bytes) -> Ask:
    """Raises BadErrand."""
    return _decoded(Ask, body)


def decode_reply(body: bytes) -> Reply:
    """Raises BadErrand."""
    return _decoded(Reply, body)


def _decoded(kind: type[T], body: bytes) -> T:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise BadErrand("not JSON") from error
    if not isinstance(value, dict) or value.get("schema") != REPORT_SCHEMA:
        raise BadErrand(f"not schema {REPORT_SCHEMA}")
    try:
        return plain.decode(kind, value)
    except plain.NotPlain as error:
        raise BadErrand(str(error)) from error
