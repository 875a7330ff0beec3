"""How far staging is: bytes, rate, remaining time. Counted by many threads, reported by one."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

LISTS = "lists"
CHECKS = "checks"
FETCHES = "fetches"
WAITS = "waits"
DONE = "done"

_REPORT_SECONDS = 1.0
_RATE_SECONDS = 10.0


@dataclass(frozen=True)
class Progress:
    """A moment of staging."""

    phase: str
    #: What is waited for or retried, in words; may be empty.
    detail: str
    bytes_done: int
    #: 0 until the source has been asked.
    bytes_total: int
    #: Over the last ten seconds.
    bytes_per_second: float
    remaining_seconds: float | None
    files_done: int
    files_total: int

    def __str__(self) -> str:
        parts = [self.phase]
        if self.bytes_total:
            share = 100 * self.bytes_done / self.bytes_total
            parts = [f"{self.phase} {amount(self.bytes_done)} of {amount(self.bytes_total)} ({share:.0f} %)"]
            parts.append(f"{self.files_done} of {self.files_total} files")
        if self.phase == FETCHES:
            parts.append(f"{amount(self.bytes_per_second)}/s")
        if self.remaining_seconds is not None:
            parts.append(f"{duration(self.remaining_seconds)} left")
        if self.detail:
            parts.append(self.detail)
        return ", ".join(parts)

    def plain(self) -> dict[str, object]:
        """As JSON holds it: in the state file and in the lease."""
        return asdict(self)


def amount(count: float) -> str:
    """Bytes in decimal units, as disks and hubs count them."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f} B"


def duration(seconds: float) -> str:
    if seconds >= 5400:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


class Meter:
    """Threads count here; only the thread that calls `tick` and `finish` reports."""

    def __init__(self, report: Callable[[Progress], None]) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._phase = LISTS
        self._detail = ""
        self._done = 0
        self._total = 0
        self._fetched = 0
        self._files_done = 0
        self._files_total = 0
        self._window: deque[tuple[float, int]] = deque()
        self._reported_at: float | None = None

    def plan(self, bytes_total: int, files_total: int) -> None:
        """Start counting from zero."""
        with self._lock:
            self._total, self._files_total = bytes_total, files_total
            self._done = self._files_done = 0

    def say(self, phase: str, detail: str = "") -> None:
        with self._lock:
            self._phase, self._detail = phase, detail

    def found(self, count: int) -> None:
        """Bytes that were there already."""
        with self._lock:
            self._done += count

    def fetched(self, count: int) -> None:
        with self._lock:
            self._done += count
            self._fetched += count
            self._phase, self._detail = FETCHES, ""

    def lost(self, count: int) -> None:
        """Bytes that have to come again."""
        with self._lock:
            self._done -= count

    def finished_file(self) -> None:
        with self._lock:
            self._files_done += 1

    def now(self) -> Progress:
        moment = time.monotonic()
        with self._lock:
            self._window.append((moment, self._fetched))
            while len(self._window) > 2 and moment - self._window[0][0] > _RATE_SECONDS:
                self._window.popleft()
            since, before = self._window[0]
            rate = (self._fetched - before) / (moment - since) if moment > since else 0.0
            fetching = self._phase == FETCHES and rate > 0
            return Progress(
                phase=self._phase,
                detail=self._detail,
                bytes_done=self._done,
                bytes_total=self._total,
                bytes_per_second=round(rate, 1),
                remaining_seconds=round((self._total - self._done) / rate, 1) if fetching else None,
                files_done=self._files_done,
                files_total=self._files_total,
            )

    def tick(self, other: Progress | None = None) -> None:
        """Report when a second has passed since the last report: `other`, or where this node is."""
        moment = time.monotonic()
        if self._reported_at is None or moment - self._reported_at >= _REPORT_SECONDS:
            self._reported_at = moment
            self._report(other or self.now())

    def finish(self, bytes_total: int, files_total: int) -> None:
        """The last report, whenever it comes."""
        self.plan(bytes_total, files_total)
        self.say(DONE)
        last = replace(self.now(), bytes_done=bytes_total, files_done=files_total, remaining_seconds=None)
        self._report(last)
