"""A child process played by a thread on the simulated clock."""

import itertools
import os
import signal
import threading
import unittest
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest import mock

from ray_node.host import clock, steps
from ray_node.host.processes import ManagedProcess
from ray_node.host.steps import Steps

Program = Callable[["SimulatedProcess"], int]

#: Above what the kernel gives.
_pids = itertools.count(1 << 23)


class SimulatedProcess:
    """Stands for `ManagedProcess`. `program` gets this, heeds `asked_to_end`, and returns the exit code."""

    def __init__(
        self,
        program: Program,
        argv: Sequence[str],
        environment: Mapping[str, str],
        on_lines: Callable[[list[str]], None] | None = None,
        folder: str | None = None,
        longest_line: int = 0,
    ) -> None:
        self.argv = list(argv)
        self.environment = dict(environment)
        self.folder = folder
        self.pid = next(_pids)
        self.exit_code: int | None = None
        self.ended_at: float | None = None
        #: SIGTERM has come.
        self.asked_to_end = threading.Event()
        self._held: list[Callable[[], None]] = []
        self._on_lines = on_lines
        self._lines: deque[str] = deque(maxlen=200)
        self._lock = threading.Lock()
        self._program = program
        threading.Thread(target=self._run, name=f"process {argv[0]}", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self.exit_code is None

    def hold(self, close: Callable[[], None]) -> None:
        """`close` is called at the end, however it comes: what the kernel does for a real process."""
        with self._lock:
            if self.alive:
                self._held.append(close)
                return
        close()

    def say(self, text: str) -> None:
        if self.alive:
            self._lines.append(text)
            if self._on_lines is not None:
                self._on_lines([text])

    def tail(self, lines: int = 200) -> list[str]:
        return list(self._lines)[-lines:]

    def stop(self, grace_seconds: float, pause: Callable[[float], None] = clock.sleep) -> None:
        steps.drive(self.stopping(grace_seconds), pause)

    def stopping(self, grace_seconds: float) -> Steps[None]:
        self.asked_to_end.set()
        end = clock.monotonic() + grace_seconds
        while self.alive and clock.monotonic() < end:
            yield 0.05
        # Without grace it has had a moment for SIGTERM, as a real one has until the SIGKILL.
        self.end(-signal.SIGKILL if grace_seconds else -signal.SIGTERM)

    def end(self, code: int) -> None:
        """It ends with `code`: negative as by that signal."""
        with self._lock:
            if not self.alive:
                return
            self.ended_at = clock.monotonic()
            self.exit_code = code
        for close in self._held:
            close()

    def _run(self) -> None:
        self.end(self._program(self))


def stay(process: SimulatedProcess) -> int:
    """Until it is asked to end."""
    while process.alive and not clock.wait(process.asked_to_end, 0.5):
        pass
    return -signal.SIGTERM


def install(case: unittest.TestCase, programs: Mapping[str, Program]) -> None:
    """Commands that name one of `programs` (a file name) are simulated.

    Others are real: they must end by themselves, and take no simulated time.
    """

    def start(argv: Sequence[str], *rest: Any) -> SimulatedProcess | ManagedProcess:
        name = next((os.path.basename(word) for word in argv if os.path.basename(word) in programs), None)
        return ManagedProcess(argv, *rest) if name is None else SimulatedProcess(programs[name], argv, *rest)

    for user in ("engine.process", "cluster.ray_process"):
        patch = mock.patch(f"ray_node.{user}.ManagedProcess", start)
        patch.start()
        case.addCleanup(patch.stop)
