"""The HTTP client of the node program: every request is signed and comes from the node's own address."""

import contextlib
import http.client
import secrets
from dataclasses import dataclass, field

from ray_node.channel import signing


class Unanswered(Exception):
    """There is no usable answer; the text says why."""


class WrongToken(Exception):
    """The answer is not signed with this cluster's token."""


class Answer:
    """An answer whose content has not been read; to be closed."""

    def __init__(self, response: http.client.HTTPResponse, token: str | None, nonce: str) -> None:
        self.response = response
        self.status = response.status
        self._token = token
        self._nonce = nonce

    def read(self, maximum_bytes: int) -> bytes:
        """The whole content, its signature checked. Raises Unanswered, WrongToken."""
        try:
            body = self.response.read(maximum_bytes + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(_reason(error)) from error
        if len(body) > maximum_bytes:
            raise Unanswered(f"the answer has more than {maximum_bytes} bytes")
        signature = self.response.headers.get(signing.SIGNATURE_HEADER)
        if not signing.is_signed(signature, self._token, body, "answer", self._nonce):
            raise WrongToken
        return body

    def refusal(self) -> str:
        """A short text on one line."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return " ".join(self.response.read(500).decode(errors="replace").split())
        return ""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.response.close()


@dataclass(frozen=True)
class Client:
    own_address: str
    token: str | None = field(repr=False)

    def send(
        self,
        server: tuple[str, int],
        method: str,
        target: str,
        timeout_seconds: float,
        body: bytes = b"",
        byte_range: str = "",
    ) -> Answer:
        """Raises Unanswered."""
        nonce = secrets.token_hex(8)
        headers = {signing.NONCE_HEADER: nonce, signing.ADDRESS_HEADER: self.own_address}
        signature = signing.sign(self.token, body, method, target, byte_range, self.own_address, nonce)
        if signature is not None:
            headers[signing.SIGNATURE_HEADER] = signature
        if byte_range:
            headers["Range"] = byte_range
        connection = http.client.HTTPConnection(
            *server, timeout=timeout_seconds, source_address=(self.own_address, 0)
        )
        try:
            connection.request(method, target, body or None, headers)
            # The server closes every connection, so the answer owns this one.
            return Answer(connection.getresponse(), self.token, nonce)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Unanswered(_reason(error)) from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
