"""A part of a file as the content of an answer."""

import os
import select
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from ray_node.host import clock

_STALL_SECONDS = 30.0
#: Whoever takes it more slowly than this on average is hung up on.
_SLOWEST_BYTES_PER_SECOND = 64 * 1024
_CHUNK_BYTES = 4 << 20


@dataclass(frozen=True)
class FilePart:
    """Bytes `start` to `end` (exclusive) of an open file; `sent` is called with the number that left."""

    file: BinaryIO
    start: int
    end: int
    sent: Callable[[int], None]

    def send(self, link: socket.socket, head: bytes) -> bool:
        """After `head`. Blocks, within bounds; whether all of it has gone. Closes the file."""
        seconds = _STALL_SECONDS + (self.end - self.start) / _SLOWEST_BYTES_PER_SECOND
        deadline, at = clock.kernel() + seconds, self.start
        try:
            with self.file as file:
                while head:
                    head = head[_when_ready(link, partial(link.send, head), deadline) :]
                while at < self.end:
                    wanted = min(self.end - at, _CHUNK_BYTES)
                    count = _when_ready(link, partial(_copy, link, file, at, wanted), deadline)
                    if count == 0:
                        # The file has been cut.
                        return False
                    at += count
            return True
        except OSError:
            return False
        finally:
            self.sent(at - self.start)


def _copy(link: socket.socket, file: BinaryIO, at: int, wanted: int) -> int:
    if isinstance(link, ssl.SSLSocket):
        return link.send(os.pread(file.fileno(), min(wanted, 1 << 16), at))
    return os.sendfile(link.fileno(), file.fileno(), at, wanted)


def _when_ready(link: socket.socket, act: Callable[[], int], deadline: float) -> int:
    """Raises OSError when it takes too long."""
    while True:
        try:
            return act()
        except (BlockingIOError, ssl.SSLWantWriteError):
            left = min(_STALL_SECONDS, deadline - clock.kernel())
        if left <= 0:
            raise TimeoutError
        waiter = select.poll()
        waiter.register(link, select.POLLOUT)
        if not waiter.poll(left * 1000):
            raise TimeoutError
