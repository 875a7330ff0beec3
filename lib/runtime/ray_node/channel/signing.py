"""Signatures of requests and answers: HMAC-SHA256 under the cluster's token.

A connection has a challenge of the server's, which the client asks for first. It is signed with every
request, beside the number of the request on this connection: nothing that was sent can be sent again.
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass

SIGNATURE_HEADER = "X-Ray-Node-Signature"
#: Chosen for each request and signed with its answer, so that an old answer cannot be sent again.
NONCE_HEADER = "X-Ray-Node-Nonce"
#: The sender's address is signed, so that nobody else can send the request again.
ADDRESS_HEADER = "X-Ray-Node-Address"
#: 1 for the first request of a connection, then 2, ...
COUNT_HEADER = "X-Ray-Node-Count"
#: SHA-256 of the content: so the signature can be judged before the content is read.
CONTENT_HEADER = "X-Ray-Node-Content"
#: Answers with the challenge of the connection.
CHALLENGE_PATH = "/v3/challenge"
CHALLENGE = re.compile("[0-9a-f]{32}")

_SIGNATURE = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Call:
    """A request, as its signature covers it. `server` is `address:port`."""

    server: str
    challenge: str
    count: int
    nonce: str
    address: str
    method: str
    target: str
    byte_range: str
    content: str


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sign_call(token: str, call: Call) -> str:
    words = (
        *("request", call.server, call.challenge, call.count, call.nonce, call.address),
        *(call.method, call.target, call.byte_range, call.content),
    )
    return _sign(token, words, b"")


def sign_answer(token: str, call: Call, status: int, content: bytes) -> str:
    return _sign(token, ("answer", call.server, call.challenge, call.count, call.nonce, status), content)


def fits(signature: str | None, expected: str) -> bool:
    """Whatever the other side has sent for a signature."""
    if signature is None or not _SIGNATURE.fullmatch(signature):
        return False
    return hmac.compare_digest(expected, signature)


def _sign(token: str, words: tuple[object, ...], content: bytes) -> str:
    return hmac.new(token.encode(), json.dumps(words).encode() + content, hashlib.sha256).hexdigest()
