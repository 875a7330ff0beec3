"""A child process in its own process group, whose output is read line by line, and that ends completely."""

import contextlib
import os
import secrets
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from ray_node.host import clock, log, steps
from ray_node.host.lines import Lines
from ray_node.host.steps import Steps

#: How `describe_exit` begins for a process that did not end by itself.
KILLED = "was killed by"
_TAIL_LINES = 200
_LONGEST_LINE = 8 * 1024
_READ_BYTES = 64 * 1024
#: In the environment of a child and of everything it starts, also what has left its group and its parent.
_MARK = "RAY_NODE_CHILD"


class ManagedProcess:
    """A child and everything it started. `on_lines` gets its output, from another thread.

    A line that is longer than `longest_line` bytes is cut.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str],
        on_lines: Callable[[list[str]], None] | None = None,
        folder: str | None = None,
        longest_line: int = _LONGEST_LINE,
    ) -> None:
        self._on_lines = on_lines
        self._lines = Lines(longest_line)
        self._mark = f"{_MARK}={secrets.token_hex(8)}"
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._known: dict[int, int] = {}
        self._process = subprocess.Popen(
            list(argv),
            env={**environment, _MARK: self._mark.partition("=")[2]},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name=f"output of {argv[0]}", daemon=True)
        self._reader.start()
        #: When it ended, on the monotonic clock; `None` while it runs.
        self.ended_at: float | None = None
        threading.Thread(target=self._await_end, name=f"end of {argv[0]}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """`None` while it runs; negative: ended by that signal."""
        return self._process.poll()

    def tail(self, lines: int = _TAIL_LINES) -> list[str]:
        """The last lines of output. After the end of the process: waits briefly until all is read."""
        if self.exit_code is not None:
            self._reader.join(timeout=0.5)
        return list(self._tail)[-lines:]

    def stop(self, grace_seconds: float, pause: Callable[[float], None] = clock.sleep) -> None:
        """`stopping` with `pause` for its waits, which may raise; a second call then finishes the work."""
        steps.drive(self.stopping(grace_seconds), pause)

    def stopping(self, grace_seconds: float) -> Steps[None]:
        """SIGTERM, and after `grace_seconds` or its end SIGKILL to whatever is left of it and below it."""
        self._remember()
        if self.exit_code is None:
            # Only to the leader: it ends its children in order. A signal to all of them makes `ray start`
            # wait 19 seconds for a raylet whose agents are gone; alone it takes under 3.
            _signal(self.pid, signal.SIGTERM)
        end = clock.monotonic() + grace_seconds
        while self.exit_code is None and clock.monotonic() < end:
            yield 0.05
            self._remember()
        _signal_group(self.pid, signal.SIGKILL)
        # Some children have groups of their own (Ray's workers do).
        for pid, since in self._known.items():
            if started(pid) == since:
                _signal(pid, signal.SIGKILL)
        # Others have left their group and lost their parent.
        for pid in marked(self._mark):
            _signal(pid, signal.SIGKILL)
        if self.exit_code is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)

    def _remember(self) -> None:
        for pid in descendants(self.pid):
            if pid not in self._known:
                since = started(pid)
                if since is not None:
                    self._known[pid] = since

    def _await_end(self) -> None:
        """The moment itself, however seldom somebody asks; its exit code is left for `poll`."""
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        self.ended_at = clock.monotonic()

    def _read(self) -> None:
        output = self._process.stdout
        if output is None:
            return
        with output:
            while chunk := os.read(output.fileno(), _READ_BYTES):
                self._pass_on(self._lines.feed(chunk))
            self._pass_on(self._lines.last())

    def _pass_on(self, lines: list[str]) -> None:
        self._tail.extend(lines)
        if self._on_lines is None or not lines:
            return
        try:
            self._on_lines(lines)
        except Exception as error:
            # The child must not wait for somebody who reads.
            log.line(f"its output cannot be passed on: {error!r}")


def marked(mark: str) -> list[int]:
    """Processes whose environment has this entry, as far as it can be read."""
    found, wanted = [], f"\0{mark}\0".encode()
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/environ", "rb") as file:
            if wanted in b"\0" + file.read():
                found.append(int(entry))
    return found


def describe_exit(code: int | None) -> str:
    """`exited with code 1`, `was killed by SIGKILL`."""
    if code is None:
        return "still runs"
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"{KILLED} {signal.Signals(-code).name}"
    except ValueError:
        return f"{KILLED} signal {-code}"


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, and those of its process group that have lost their parent."""
    children: dict[int, list[int]] = {}
    group: list[int] = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        fields = _stat(int(entry))
        if fields is None:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry))
        if int(fields[2]) == pid and int(entry) != pid:
            group.append(int(entry))
    found: list[int] = []
    queue = [pid, *group]
    while queue:
        current = queue.pop()
        if current != pid and current not in found:
            found.append(current)
        queue.extend(child for child in children.get(current, []) if child not in found)
    return found


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat from the third on: state, ppid, pgrp, ... (the name may hold spaces)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def started(pid: int) -> int | None:
    """Start time in clock ticks since boot: tells a process from a later one with the same id.

    `None` when it has ended, also while nobody has waited for it.
    """
    fields = _stat(pid)
    return None if not fields or fields[0] == "Z" else int(fields[19])


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
