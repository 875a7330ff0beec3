"""A socket whose reads and writes all end at one moment, however slowly the other side drips."""

import io
import socket
from typing import Any

from ray_node.host import clock


class DeadlineSocket:
    """Takes the place of a socket in `http.client`. `renew` sets the moment again."""

    def __init__(self, link: socket.socket, seconds: float) -> None:
        self._link = link
        self._until = clock.kernel() + seconds

    def renew(self, seconds: float) -> None:
        self._until = clock.kernel() + seconds

    def sendall(self, content: Any) -> None:
        self._arm()
        self._link.sendall(content)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self), 1 << 16)

    def close(self) -> None:
        self._link.close()

    def receive(self, raw: Any, target: Any) -> int | None:
        self._arm()
        count: int | None = raw.readinto(target)
        return count

    def raw(self) -> Any:
        return self._link.makefile("rb", buffering=0)

    def _arm(self) -> None:
        left = self._until - clock.kernel()
        if left <= 0:
            raise TimeoutError("timed out")
        self._link.settimeout(left)


class _Reader(io.RawIOBase):
    def __init__(self, owner: DeadlineSocket) -> None:
        self._owner = owner
        self._raw = owner.raw()

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int | None:
        return self._owner.receive(self._raw, target)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
