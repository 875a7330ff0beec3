"""A clock whose time passes only while everybody waits: then it jumps to the end of the shortest wait.

The thread that installs the clock takes part, and every thread that such a thread starts. While one of them
computes, talks to a socket or waits for a child process, time stands still, however slow the machine is.
"""

import threading
import unittest
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from ray_node.host import clock
from ray_node.host.clock import Clock

#: In real time; only a test that hangs meets it, however busy the machine is.
_STANDSTILL_SECONDS = 240.0
#: For threads that a test has left behind.
_LEFTOVER_SECONDS = 0.02


@dataclass
class _Wait:
    thread: threading.Thread
    until: float
    event: threading.Event | None
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def is_met(self) -> bool:
        return self.event is not None and self.event.is_set()


class StandsStill(BaseException):
    """A member neither waits nor ends. No error: what is tested must not go on after it."""


class SimulatedClock(Clock):
    def __init__(self) -> None:
        self._now = 1000.0
        self._epoch = super().wall() - self._now
        self._lock = threading.Lock()
        self._members = {threading.current_thread()}
        self._running = {threading.current_thread()}
        self._waits: list[_Wait] = []
        self._closed = False
        self._standstill: str | None = None

    def monotonic(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._epoch + self._now

    def sleep(self, seconds: float) -> None:
        self._await(_Wait(threading.current_thread(), self._now + seconds, None))

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if not event.is_set():
            self._await(_Wait(threading.current_thread(), self._now + seconds, event))
        return event.is_set()

    def enter(self, thread: threading.Thread) -> None:
        """From now on time stands still while `thread` does anything but wait."""
        with self._lock:
            self._members.add(thread)
            self._running.add(thread)

    def leave(self, thread: threading.Thread) -> None:
        with self._lock:
            self._members.discard(thread)
            self._running.discard(thread)
            self._go_on()

    def is_member(self, thread: threading.Thread) -> bool:
        return thread in self._members

    def join(self, thread: threading.Thread) -> None:
        while thread.is_alive():
            self.sleep(0.05)

    def close(self) -> None:
        """Everybody is woken, and nobody waits any more."""
        with self._lock:
            self._closed = True
            for waiting in self._waits:
                waiting.over.set()

    def _await(self, waiting: _Wait) -> None:
        with self._lock:
            self._waits.append(waiting)
            self._running.discard(waiting.thread)
            self._go_on()
        if self._standstill is not None:
            raise StandsStill(self._standstill)
        if self._closed:
            (waiting.event or threading.Event()).wait(_LEFTOVER_SECONDS)
        elif not waiting.over.wait(_STANDSTILL_SECONDS):
            names = sorted(thread.name for thread in self._running)
            # For every thread: one that only looked at its clock would wait for ever.
            self._standstill = f"time stands still at {self._now:.2f}; these do not wait: {names}"
            self.close()
            raise StandsStill(self._standstill)

    def _go_on(self) -> None:
        """Wake the next thread, when none runs. One at a time, so that a test runs the same way each time."""
        if self._running or not self._waits or self._closed:
            return
        waiting = next((one for one in self._waits if one.is_met), None)
        if waiting is None:
            waiting = min(self._waits, key=lambda one: one.until)
            self._now = max(self._now, waiting.until)
        self._waits.remove(waiting)
        if waiting.thread in self._members:
            self._running.add(waiting.thread)
        waiting.over.set()


class ManualClock(Clock):
    """Moved by `sleep` and by the test, for code of one thread. `passed` is called after each sleep."""

    def __init__(self, case: unittest.TestCase, now: float) -> None:
        self.now = now
        self.passed: Callable[[], None] = lambda: None
        clock.use(self)
        case.addCleanup(clock.use, Clock())

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.passed()


def install(case: unittest.TestCase) -> SimulatedClock:
    """Until the end of the test. To be called before anything is started."""
    simulated = SimulatedClock()
    start = threading.Thread.start

    def begin(thread: threading.Thread) -> None:
        if simulated.is_member(threading.current_thread()) and not _is_server(thread):
            _follow(simulated, thread)
        start(thread)

    patch = mock.patch.object(threading.Thread, "start", begin)
    clock.use(simulated)
    patch.start()
    case.addCleanup(clock.use, Clock())
    case.addCleanup(simulated.close)
    case.addCleanup(patch.stop)
    return simulated


def _is_server(thread: Any) -> bool:
    """It waits for clients, who wait for it."""
    return getattr(getattr(thread, "_target", None), "__name__", "") == "serve_forever"


def _follow(simulated: SimulatedClock, thread: threading.Thread) -> None:
    run = thread.run

    def until_the_end() -> None:
        try:
            run()
        finally:
            simulated.leave(thread)

    simulated.enter(thread)
    thread.run = until_the_end  # type: ignore[method-assign]
