"""One run of another program to its end, bounded in time, with all that it printed."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Exit codes that no program has given: as a shell and `timeout` name them.
MISSING = 127
NOT_STARTED = 126
TIMED_OUT = 124


@dataclass(frozen=True)
class Answer:
    code: int
    #: What it printed, stdout and stderr as they came; else why there is nothing.
    text: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def line(self) -> str:
        """On one line, for a report."""
        return " ".join(self.text.split())[:200] or f"no output, exit code {self.code}"


def ask(argv: Sequence[str], seconds: float, environment: Mapping[str, str] | None = None) -> Answer:
    """Never raises; `environment` is this program's own when left out."""
    try:
        ended = subprocess.run(
            list(argv),
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            # Without a terminal, which an interactive shell would take.
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return Answer(TIMED_OUT, f"no answer within {seconds:.0f} s")
    except OSError as error:
        return Answer(NOT_STARTED, f"{argv[0]}: {error.strerror or error}")
    return Answer(ended.returncode, ended.stdout)
