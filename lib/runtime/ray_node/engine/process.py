"""A process of the engine on this node: its output goes to a file and, prefixed, to stdout."""

import os
import shlex
from collections.abc import Mapping, Sequence

from ray_node.engine.cause import Cause, CauseWatch
from ray_node.host import clock, log
from ray_node.host.failure import EngineFailed
from ray_node.host.processes import ManagedProcess, describe_exit

_TAIL_LINES = 30
#: The log file is put aside as `<file>.1` when it grows beyond this.
_LOG_BYTES = 64 << 20
_AGAIN_SECONDS = 5.0


class EngineLog:
    """The engine's output as a file of bounded size. A full disk loses lines, it blocks no engine."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._again = clock.Deadline(0)

    def write(self, words: str) -> None:
        """Lines that have been redacted, as many as came at once. The file is not held open in between."""
        if not self._again.passed:
            return
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            with os.fdopen(os.open(self._path, flags, 0o644), "ab", 0) as file:
                file.write(words.encode(errors="replace"))
                is_large = file.tell() > _LOG_BYTES
            if is_large:
                os.replace(self._path, self._path + ".1")
        except OSError:
            self._again = clock.Deadline(_AGAIN_SECONDS)


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
        self._causes = CauseWatch()
        log.line(f"{title}: {shlex.join(argv)}")
        if folder is not None and not os.path.isdir(folder):
            raise EngineFailed(f"the {title} cannot be started: its folder {folder} does not exist")
        try:
            self._process = ManagedProcess(argv, environment, self._lines, folder)
        except OSError as error:
            raise EngineFailed(
                f"the {title} cannot be started: {argv[0]}: {error.strerror or error}"
            ) from error

    def tail(self) -> list[str]:
        return self._process.tail(_TAIL_LINES)

    def cause(self, is_fresh: bool = False) -> Cause | None:
        """Of a failure, as far as the output has told one; `is_fresh`, or after its end: a short time ago.

        What a process says that a signal has ended follows from that.
        """
        code = self._process.exit_code
        has_ended = code is not None
        if code is not None and code < 0:
            return None
        # Waits for what an ended process has left to read.
        self._process.tail(1)
        return self._causes.cause(is_fresh or has_ended)

    def forget_causes(self) -> None:
        self._causes.forget()

    @property
    def ended(self) -> str | None:
        """How it ended, `None` while it runs."""
        code = self._process.exit_code
        return None if code is None else f"the {self._title} {describe_exit(code)}"

    @property
    def process(self) -> ManagedProcess:
        return self._process

    def _lines(self, lines: list[str]) -> None:
        said = [line.rstrip() for line in log.redact("\n".join(lines)).split("\n")]
        self._output.write("\n".join(said) + "\n")
        self._causes.note(said)
        log.raw("".join(f"{self._title} | {line}\n" for line in said))
