"""Long work as a generator: it yields where it would wait, so that the one who runs it never blocks."""

import contextlib
from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")

#: Yields the seconds until it wants to go on; returns its result, or raises what went wrong.
#: Closing it ends it early; its `finally` clauses then run.
Steps = Generator[float, None, T]


def drive(work: Steps[T], pause: Callable[[float], None]) -> T:
    """Run `work` to its end, with `pause` for each wait. What `pause` raises ends the work."""
    with contextlib.closing(work):
        while True:
            try:
                seconds = next(work)
            except StopIteration as end:
                result: T = end.value
                return result
            pause(seconds)
