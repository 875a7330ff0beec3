"""The machine's clocks, the only way to time in the node program; and deadlines on the monotonic one."""

import threading
import time
from datetime import datetime, timezone


class Clock:
    """The clocks of this machine. Tests replace it by one whose time passes while everybody waits."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Until `event` is set, at most `seconds`; whether it is set."""
        return event.wait(seconds)


_clock = Clock()


def use(clock: Clock) -> None:
    """Every function below reads `clock` from now on."""
    global _clock
    _clock = clock


def monotonic() -> float:
    return _clock.monotonic()


def kernel() -> float:
    """The monotonic clock of the machine, also in tests: what sockets do takes real time."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """By the machine's clock, also in tests: for threads that no test waits for."""
    time.sleep(seconds)


def wall() -> float:
    return _clock.wall()


def sleep(seconds: float) -> None:
    _clock.sleep(seconds)


def wait(event: threading.Event, seconds: float) -> bool:
    return _clock.wait(event, seconds)


def stamp(epoch_seconds: float | None = None) -> str:
    """UTC time in ISO 8601 with milliseconds, e.g. `2026-11-21T10:31:00.123+00:00`."""
    moment = wall() if epoch_seconds is None else epoch_seconds
    return datetime.fromtimestamp(moment, timezone.utc).isoformat(timespec="milliseconds")


def epoch(text: object) -> float | None:
    """Seconds since 1970 of a `stamp`; `None` for anything else."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


class Deadline:
    """A wait of at most `seconds`, counted from its making. Not moved by changes of the wall clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.started_at = wall()
        self._start = monotonic()

    @property
    def elapsed(self) -> float:
        return monotonic() - self._start

    @property
    def left(self) -> float:
        return max(0.0, self.seconds - self.elapsed)

    @property
    def passed(self) -> bool:
        return self.elapsed >= self.seconds
