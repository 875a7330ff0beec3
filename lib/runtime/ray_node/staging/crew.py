"""Several threads that fetch, and the one that watches over them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from ray_node.host.failure import StopRequested
from ray_node.staging.failure import NotYet, SourceUnreachable, Transient
from ray_node.staging.request import Pace

_TICK_SECONDS = 0.1
_END_SECONDS = 2.0


class Crew:
    """Runs jobs in threads. `tick` is called in the caller's thread all the while and may raise to end it."""

    def __init__(self, tick: Callable[[], None], check: Callable[[], None]) -> None:
        self._tick = tick
        self._check = check
        self._ended = threading.Event()

    def check(self) -> None:
        """For the jobs, before each step: raises when this crew is to end."""
        if self._ended.is_set():
            raise StopRequested
        self._check()

    def rest(self, seconds: float) -> None:
        """For the jobs: a pause that ends early with the crew."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._ended.wait(min(left, 1.0))
            self.check()

    def run(self, jobs: Iterable[Callable[[], None]], threads: int) -> None:
        """Until every job is done. The first error ends the others and is raised."""
        waiting = deque(jobs)
        errors: list[BaseException] = []

        def work() -> None:
            while not errors:
                try:
                    job = waiting.popleft()
                except IndexError:
                    return
                try:
                    job()
                except BaseException as error:
                    errors.append(error)
                    self._ended.set()

        crew = [threading.Thread(target=work, name="staging", daemon=True) for _ in range(threads)]
        for thread in crew:
            thread.start()
        try:
            while not errors and any(thread.is_alive() for thread in crew):
                self._tick()
                self._ended.wait(_TICK_SECONDS)
        finally:
            if errors or any(thread.is_alive() for thread in crew):
                self._ended.set()
            # A thread in a network read may stay a while; it checks before it writes, so it writes no more.
            end = time.monotonic() + _END_SECONDS
            for thread in crew:
                thread.join(max(0.0, end - time.monotonic()))
        if errors:
            raise errors[0]


class Patience:
    """Bounded tries with growing pauses; a byte that comes makes it forget the failures before."""

    def __init__(self, what: str, pace: Pace, attempts: int | None, crew: Crew) -> None:
        """`attempts`: tries in a row, `None`: until the deadline of the whole."""
        self._what = what
        self._pace = pace
        self._attempts = attempts
        self._crew = crew
        self._failures = 0

    def progressed(self) -> None:
        self._failures = 0

    def after(self, error: Transient, say: Callable[[str], None]) -> None:
        """Wait before the next try. Raises SourceUnreachable after the last."""
        self._failures += 1
        if self._attempts is not None and self._failures >= self._attempts:
            raise SourceUnreachable(
                f"{self._what}: {error} ({self._failures} tries in a row)",
                fix="check name resolution, proxy and firewall of the node; what has come so far is kept",
            ) from error
        pause = min(self._pace.backoff_first * 2 ** (self._failures - 1), self._pace.backoff_longest)
        if error.retry_after_seconds is not None:
            pause = min(error.retry_after_seconds, self._pace.retry_after_longest)
        of = "" if self._attempts is None else f" ({self._failures} of {self._attempts})"
        say(f"{self._what}: {error}; tries again in {pause:.0f} s{of}")
        self._crew.rest(pause)

    def wait(self, reason: NotYet, say: Callable[[str], None]) -> None:
        say(f"{self._what}: {reason}")
        self._crew.rest(self._pace.poll)
