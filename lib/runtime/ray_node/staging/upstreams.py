"""Whom a node takes a model from: the nearest node that works; the head, the last, when no other does."""

import threading

from ray_node.host import clock
from ray_node.staging.request import Pace

_REST_LONGEST_SECONDS = 60.0


class Upstreams:
    """Safe for threads. The head is never passed over: there is nobody behind it."""

    def __init__(self, pace: Pace, head: str) -> None:
        self._pace = pace
        self._head = head
        self._lock = threading.Lock()
        self._addresses: tuple[str, ...] = ()
        self._rested_until: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._gave_at: dict[str, float] = {}
        self._distrusted: set[str] = set()

    def put(self, addresses: tuple[str, ...]) -> None:
        with self._lock:
            self._addresses = addresses

    def best(self) -> str:
        now = clock.monotonic()
        with self._lock:
            for address in self._addresses:
                rests = self._rested_until.get(address, 0.0) > now or address in self._distrusted
                if address != self._head and not rests:
                    self._gave_at.setdefault(address, now)
                    return address
            return self._head

    def gave(self, address: str) -> None:
        with self._lock:
            self._gave_at[address] = clock.monotonic()
            self._failures.pop(address, None)

    def failed(self, address: str) -> None:
        """It is not asked for a while, longer each time."""
        with self._lock:
            count = self._failures[address] = self._failures.get(address, 0) + 1
            pause = min(self._pace.backoff_first * 2 ** min(count, 16), _REST_LONGEST_SECONDS)
            self._rested_until[address] = clock.monotonic() + pause
            self._gave_at.pop(address, None)

    def distrust(self, address: str) -> None:
        """It has given wrong bytes, or a wrong length: this run takes nothing from it any more."""
        with self._lock:
            if address != self._head:
                self._distrusted.add(address)

    def is_idle(self, address: str) -> None:
        """It had nothing new. When that lasts, another is asked: the chain may be broken before it."""
        with self._lock:
            idle = clock.monotonic() - self._gave_at.get(address, clock.monotonic())
        if idle > self._pace.stall:
            self.failed(address)
