"""Signatures of requests and answers: HMAC-SHA256 under the cluster's token, when there is one."""

import hashlib
import hmac
import json

SIGNATURE_HEADER = "X-Ray-Node-Signature"
#: Chosen for each request and signed with its answer, so that an old answer cannot be sent again.
NONCE_HEADER = "X-Ray-Node-Nonce"
#: The sender's address is signed, so that nobody else can send the request again.
ADDRESS_HEADER = "X-Ray-Node-Address"


def sign(token: str | None, body: bytes, *words: str) -> str | None:
    """Signature of `body` and of the words that belong to it; `None` without a token."""
    if token is None:
        return None
    return hmac.new(token.encode(), json.dumps(words).encode() + body, hashlib.sha256).hexdigest()


def is_signed(signature: str | None, token: str | None, body: bytes, *words: str) -> bool:
    """Whether `signature` fits; always true in a cluster without authentication."""
    expected = sign(token, body, *words)
    return expected is None or (signature is not None and hmac.compare_digest(expected, signature))
