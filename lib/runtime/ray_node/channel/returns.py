"""What threads bring back to a thread that waits at a selector."""

import contextlib
import queue
import socket
from typing import Generic, TypeVar

T = TypeVar("T")


class Returns(Generic[T]):
    """To be registered for reading. Any thread may call `put` and `ring`, the waiting one the rest."""

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._bell, self._hear = socket.socketpair()
        for link in (self._bell, self._hear):
            link.setblocking(False)

    def fileno(self) -> int:
        return self._hear.fileno()

    def put(self, item: T) -> None:
        self._items.put(item)
        self.ring()

    def ring(self) -> None:
        """Wake the thread that waits."""
        with contextlib.suppress(OSError):
            self._bell.send(b"!")

    def taken(self) -> list[T]:
        """What has come since the last call."""
        with contextlib.suppress(BlockingIOError):
            self._hear.recv(4096)
        return [self._items.get() for _ in range(self._items.qsize())]

    def close(self) -> None:
        self._bell.close()
        self._hear.close()
