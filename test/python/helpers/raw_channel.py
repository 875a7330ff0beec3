"""A connection to the node program's server that is signed by hand, so that any part of it can be wrong."""

import http.client
import secrets
import socket
from dataclasses import dataclass, replace
from typing import Any

from ray_node.channel import signing
from ray_node.channel.signing import Call


@dataclass(frozen=True)
class Got:
    status: int
    body: bytes
    headers: http.client.HTTPMessage


class RawChannel:
    def __init__(
        self, server: tuple[str, int], token: str, address: str, timeout_seconds: float = 5.0
    ) -> None:
        self.token = token
        self.at = f"{server[0]}:{server[1]}"
        self.address = address
        self.connection = http.client.HTTPConnection(
            *server, timeout=timeout_seconds, source_address=(address, 0)
        )
        self.count = 0
        self.challenge = self.plain("GET", signing.CHALLENGE_PATH).body.decode("latin-1")

    def __enter__(self) -> "RawChannel":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def call(self, method: str, target: str, body: bytes = b"", byte_range: str = "") -> Call:
        """The next one, right in every part."""
        return Call(
            *(self.at, self.challenge, self.count + 1, secrets.token_hex(8), self.address),
            *(method, target, byte_range, signing.digest(body)),
        )

    def headers(self, call: Call, token: str | None = None) -> dict[str, str]:
        found = {
            signing.NONCE_HEADER: call.nonce,
            signing.ADDRESS_HEADER: call.address,
            signing.COUNT_HEADER: str(call.count),
            signing.CONTENT_HEADER: call.content,
            signing.SIGNATURE_HEADER: signing.sign_call(token or self.token, call),
        }
        return {**found, "Range": call.byte_range} if call.byte_range else found

    def send(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        byte_range: str = "",
        headers: dict[str, str] | None = None,
        sent: str | None = None,
        **changes: Any,
    ) -> Got:
        """`sent`: the target that is really asked for; `changes`: of what is signed; `headers`: others."""
        call = self.call(method, target, body, byte_range)
        signed = replace(call, **changes) if changes else call
        made = {**self.headers(signed), signing.ADDRESS_HEADER: call.address, **(headers or {})}
        self.count += 1
        return self.plain(method, sent or target, body, made)

    def plain(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Got:
        self.connection.request(method, target, body or None, headers or {})
        response = self.connection.getresponse()
        return Got(response.status, response.read(), response.headers)


def raw(server: tuple[str, int], content: bytes, source: str, timeout_seconds: float = 7.0) -> bytes:
    """Bytes as they are, and all that comes back."""
    with socket.create_connection(server, timeout_seconds, source_address=(source, 0)) as link:
        found = b""
        try:
            link.sendall(content)
            while chunk := link.recv(1 << 16):
                found += chunk
        except OSError as error:
            return found or f"EXC {error!r}".encode()
        return found
