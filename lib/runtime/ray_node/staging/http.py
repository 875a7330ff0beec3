"""Bytes of a file from another node."""

import contextlib
import http.client
from typing import Protocol

from ray_node.staging.failure import Transient


class Body(Protocol):
    """Bytes of a file from `offset` on."""

    offset: int

    def read(self, count: int) -> bytes:
        """At most `count` bytes, none at the end. Raises Transient when the connection breaks."""
        ...

    def close(self) -> None: ...


class HttpBody:
    """The answer's content."""

    def __init__(
        self, response: http.client.HTTPResponse, origin: str, offset: int, length: int | None
    ) -> None:
        self._response = response
        self._origin = origin
        self._left = length
        self.offset = offset

    def read(self, count: int) -> bytes:
        try:
            chunk = self._response.read(count)
        except (OSError, http.client.HTTPException) as error:
            raise Transient(f"{self._origin}: {getattr(error, 'strerror', None) or error}") from error
        if self._left is not None:
            self._left -= len(chunk)
            if not chunk and self._left > 0:
                raise Transient(f"{self._origin} broke off, {self._left} bytes short")
        return chunk

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._response.close()
