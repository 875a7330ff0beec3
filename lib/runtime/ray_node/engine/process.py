"""A process of the engine on this node: its output goes to a file and, prefixed, to stdout."""

import contextlib
import os
import shlex
from collections.abc import Mapping, Sequence

from ray_node.host import log
from ray_node.host.failure import EngineFailed
from ray_node.host.processes import ManagedProcess, describe_exit

_TAIL_LINES = 30
#: The log file is put aside as `<file>.1` when it grows beyond this.
_LOG_BYTES = 64 << 20


class EngineLog:
    """The engine's output as a file of bounded size. A full disk loses lines, it blocks no engine."""

    def __init__(self, path: str) -> None:
        self._path = path
        os.makedirs(os.path.dirname(path), exist_ok=True)

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            if os.path.exists(self._path) and os.path.getsize(self._path) > _LOG_BYTES:
                os.replace(self._path, self._path + ".1")
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(log.redact(text) + "\n")


class EngineProcess:
    """One run of a command. `title` is what it is called: engine, job, follower.

    Raises EngineFailed when it cannot be started at all.
    """

    def __init__(
        self,
        title: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        output: EngineLog,
        folder: str | None = None,
    ) -> None:
        self._title = title
        self._output = output
        log.line(f"{title}: {shlex.join(argv)}")
        if folder is not None and not os.path.isdir(folder):
            raise EngineFailed(f"the {title} cannot be started: its folder {folder} does not exist")
        try:
            self._process = ManagedProcess(argv, environment, self._line, folder)
        except OSError as error:
            raise EngineFailed(
                f"the {title} cannot be started: {argv[0]}: {error.strerror or error}"
            ) from error

    def tail(self) -> list[str]:
        return self._process.tail(_TAIL_LINES)

    @property
    def ended(self) -> str | None:
        """How it ended, `None` while it runs."""
        code = self._process.exit_code
        return None if code is None else f"the {self._title} {describe_exit(code)}"

    @property
    def process(self) -> ManagedProcess:
        return self._process

    def _line(self, text: str) -> None:
        self._output.write(text)
        log.line(f"{self._title} | {text}")
