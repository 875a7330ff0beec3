"""How far staging is: bytes, rate, remaining time, measured on the disk."""

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from ray_node.host import clock, table
from ray_node.staging.files import ModelFile, total_bytes
from ray_node.staging.folder import ModelFolder

LISTS = "lists"
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
            parts.append(f"{table.duration(self.remaining_seconds)} left")
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


class Meter:
    """Measures the folder, at most once a second, in the thread that calls `tick`; others may read `now`."""

    def __init__(self, report: Callable[[Progress], None], folder: ModelFolder) -> None:
        self._report = report
        self._folder = folder
        self._files: tuple[ModelFile, ...] = ()
        self._window: deque[tuple[float, int]] = deque()
        self._reported_at: float | None = None
        #: As of the last measurement.
        self.now = Progress(LISTS, "", 0, 0, 0.0, None, 0, 0)

    def plan(self, files: tuple[ModelFile, ...]) -> None:
        """From now on these files are counted. What is there already is no rate."""
        self._files = files
        self._window.clear()
        self.now = self._measured()

    def say(self, phase: str, detail: str = "") -> None:
        self.now = replace(self.now, phase=phase, detail=detail)

    def tick(self, other: Progress | None = None) -> None:
        """Report when a second has passed since the last report: `other`, or where this node is."""
        moment = clock.monotonic()
        if self._reported_at is None or moment - self._reported_at >= _REPORT_SECONDS:
            self._reported_at = moment
            self.now = self._measured()
            self._report(other or self.now)

    def finish(self, files: tuple[ModelFile, ...]) -> None:
        """The last report, whenever it comes."""
        self.plan(files)
        self.now = replace(self.now, phase=DONE, detail="", remaining_seconds=None)
        self._report(self.now)

    def _measured(self) -> Progress:
        moment, before, total = clock.monotonic(), self.now, total_bytes(self._files)
        done = self._folder.bytes_present(self._files)
        self._window.append((moment, done))
        while len(self._window) > 2 and moment - self._window[0][0] > _RATE_SECONDS:
            self._window.popleft()
        since, then = self._window[0]
        rate = max(0, done - then) / (moment - since) if moment > since else 0.0
        phase, detail = before.phase, before.detail
        if phase == WAITS and self._files and done > before.bytes_done:
            phase, detail = FETCHES, ""
        return Progress(
            phase=phase,
            detail=detail,
            bytes_done=done,
            bytes_total=total,
            bytes_per_second=round(rate, 1),
            remaining_seconds=round((total - done) / rate, 1) if phase == FETCHES and rate > 0 else None,
            files_done=len(self._files) - len(self._folder.missing(self._files)),
            files_total=len(self._files),
        )
