"""What nodes and head tell each other: JSON, signed with HMAC-SHA256 under the Ray token when there is one.

The channel works where Ray refuses a node, so the head can say why a node is missing.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from ray_node import REPORT_SCHEMA
from ray_node.channel.follower_messages import FollowerReport, RunDirective, read_follower, read_run
from ray_node.channel.message_text import one_line as _text
from ray_node.host.versions import Versions

PATH = "/v1/report"
SIGNATURE_HEADER = "X-Ray-Node-Signature"
MAXIMUM_BODY_BYTES = 65536
INTERVAL_SECONDS = 2.0


class BadMessage(Exception):
    """The message is not what the protocol allows."""


@dataclass(frozen=True)
class Staged:
    """How far a node is with the model."""

    #: The head's attempt that this answers.
    attempt: int
    done: bool
    #: Stable name of the cause when it has failed.
    code: str | None
    #: Progress, or why it has failed.
    text: str

    @property
    def settled(self) -> bool:
        return self.done or self.code is not None


@dataclass(frozen=True)
class NodeReport:
    """A node's word on itself."""

    cluster: str
    name: str
    pool: str
    address: str
    state: str
    reason: str | None
    versions: Versions
    accelerators_found: int
    accelerators_planned: int
    #: Seconds since 1970 when it was sent.
    wall_clock: float
    #: Comes back in the answer, so that an old answer cannot be replayed.
    nonce: str
    #: `None`: the node has not been asked for the model, or there is none to stage.
    staged: Staged | None = None
    #: This node's part of the engine; `None`: it runs none.
    follower: FollowerReport | None = None


@dataclass(frozen=True)
class HeadAnswer:
    """What the head answers to a report."""

    session: str
    state: str
    reason: str | None
    versions: Versions
    #: Whether Ray lists the node as ALIVE; `None`: the head does not know yet.
    alive: bool | None
    #: The head's verdict on the node.
    verdict: str
    nonce: str
    #: Number of the attempt at staging that the node takes part in; `None`: none is under way.
    staging: int | None = None
    #: What the node shall run as its part of the engine; `None`: nothing.
    run: RunDirective | None = None


def sign(body: bytes, token: str | None) -> str | None:
    """Hex HMAC-SHA256 of `body`, `None` without a token."""
    return None if token is None else hmac.new(token.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, signature: str | None, token: str | None) -> bool:
    """Whether `signature` fits; always true in a cluster without authentication."""
    expected = sign(body, token)
    return expected is None or (signature is not None and hmac.compare_digest(expected, signature))


def encode_report(report: NodeReport) -> bytes:
    return _encode(
        {
            "cluster": report.cluster,
            "name": report.name,
            "pool": report.pool,
            "address": report.address,
            "state": report.state,
            "reason": report.reason,
            "versions": {"ray": report.versions.ray, "python": report.versions.python},
            "accelerators": {"found": report.accelerators_found, "planned": report.accelerators_planned},
            "wallClock": report.wall_clock,
            "nonce": report.nonce,
            "staged": _encode_staged(report.staged),
            "follower": None if report.follower is None else report.follower.plain(),
        }
    )


def decode_report(body: bytes) -> NodeReport:
    """Raises BadMessage."""
    value = _decode(body)
    try:
        return NodeReport(
            cluster=_text(value["cluster"]),
            name=_text(value["name"]),
            pool=_text(value["pool"]),
            address=_text(value["address"]),
            state=_text(value["state"]),
            reason=None if value["reason"] is None else _text(value["reason"], 2000),
            versions=Versions(ray=_text(value["versions"]["ray"]), python=_text(value["versions"]["python"])),
            accelerators_found=int(value["accelerators"]["found"]),
            accelerators_planned=int(value["accelerators"]["planned"]),
            wall_clock=float(value["wallClock"]),
            nonce=_text(value["nonce"]),
            staged=_decode_staged(value["staged"]),
            follower=read_follower(value["follower"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadMessage(f"report: {error!r}") from error


def encode_answer(answer: HeadAnswer) -> bytes:
    return _encode(
        {
            "session": answer.session,
            "state": answer.state,
            "reason": answer.reason,
            "versions": {"ray": answer.versions.ray, "python": answer.versions.python},
            "alive": answer.alive,
            "verdict": answer.verdict,
            "nonce": answer.nonce,
            "staging": answer.staging,
            "run": None if answer.run is None else answer.run.plain(),
        }
    )


def decode_answer(body: bytes) -> HeadAnswer:
    """Raises BadMessage."""
    value = _decode(body)
    try:
        alive = value["alive"]
        if alive is not None and not isinstance(alive, bool):
            raise ValueError("alive")
        return HeadAnswer(
            session=_text(value["session"]),
            state=_text(value["state"]),
            reason=None if value["reason"] is None else _text(value["reason"], 2000),
            versions=Versions(ray=_text(value["versions"]["ray"]), python=_text(value["versions"]["python"])),
            alive=alive,
            verdict=_text(value["verdict"], 2000),
            nonce=_text(value["nonce"]),
            staging=None if value["staging"] is None else int(value["staging"]),
            run=read_run(value["run"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadMessage(f"answer: {error!r}") from error


def _encode_staged(staged: Staged | None) -> dict[str, Any] | None:
    if staged is None:
        return None
    return {"attempt": staged.attempt, "done": staged.done, "code": staged.code, "text": staged.text}


def _decode_staged(value: Any) -> Staged | None:
    if value is None:
        return None
    return Staged(
        attempt=int(value["attempt"]),
        done=value["done"] is True,
        code=None if value["code"] is None else _text(value["code"]),
        text=_text(value["text"], 2000),
    )


def _encode(value: dict[str, Any]) -> bytes:
    return json.dumps({"schema": REPORT_SCHEMA, **value}).encode()


def _decode(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise BadMessage("not JSON") from error
    if not isinstance(value, dict) or value.get("schema") != REPORT_SCHEMA:
        raise BadMessage(f"not schema {REPORT_SCHEMA}")
    return value
