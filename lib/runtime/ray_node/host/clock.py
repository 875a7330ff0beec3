"""Wall-clock time as text, and deadlines on the monotonic clock."""

import time
from datetime import datetime, timezone


def stamp(epoch_seconds: float | None = None) -> str:
    """UTC time in ISO 8601 with milliseconds, e.g. `2026-11-21T10:31:00.123+00:00`."""
    moment = time.time() if epoch_seconds is None else epoch_seconds
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
        self.started_at = time.time()
        self._start = time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._start

    @property
    def left(self) -> float:
        return max(0.0, self.seconds - self.elapsed)

    @property
    def passed(self) -> bool:
        return self.elapsed >= self.seconds
