"""Runs the membership watch as a child and keeps its last line; starts it again when it ends."""

import sys
from collections.abc import Mapping

from ray_node.channel import plain
from ray_node.channel.plain import NotPlain
from ray_node.cluster.membership import SeenNode
from ray_node.host import clock, json_input, log, refusals
from ray_node.host.processes import ManagedProcess, describe_exit

_RESTART_PAUSE_SECONDS = 1.0
#: A table of 1,024 nodes has 300 kB.
_LONGEST_LINE = 8 << 20


class MembershipReader:
    """`nodes` is Ray's node table as last seen; call `tick` regularly."""

    def __init__(self, gcs_address: str, environment: Mapping[str, str]) -> None:
        self._argv = [sys.executable, "-m", "ray_node.cluster.membership_watch", gcs_address]
        self._environment = environment
        self._restart_at: float | None = None
        self.nodes: tuple[SeenNode, ...] = ()
        self._last = ""
        self._read_at: float | None = None
        self._started_at = clock.monotonic()
        self._process = self._start()

    @property
    def silent_seconds(self) -> float:
        """Since the last line, or since the start when there was none yet."""
        return clock.monotonic() - (self._read_at or self._started_at)

    @property
    def has_answered(self) -> bool:
        return self._read_at is not None

    def tick(self) -> None:
        code = self._process.exit_code
        if code is None:
            return
        now = clock.monotonic()
        if self._restart_at is None:
            last = next(
                (line for line in reversed(self._process.tail()) if not line.startswith("[")), "no output"
            )
            log.line(f"membership watch {describe_exit(code)} ({last}); starting it again")
            self._restart_at = now + _RESTART_PAUSE_SECONDS
        elif now >= self._restart_at:
            self._restart_at = None
            self._process = self._start()

    def stop(self, grace_seconds: float = 0.0) -> None:
        """Ends the child; it holds nothing, so without grace."""
        self._process.stop(grace_seconds)

    def _start(self) -> ManagedProcess:
        return ManagedProcess(self._argv, self._environment, self._read, longest_line=_LONGEST_LINE)

    def _read(self, lines: list[str]) -> None:
        """The last line that is a table."""
        for text in reversed(lines):
            if text.startswith("["):
                try:
                    # A calm cluster says the same again and again.
                    self.nodes = self.nodes if text == self._last else parse(text)
                    self._last = text
                except (ValueError, NotPlain) as error:
                    refusals.note("Ray's node table", getattr(error, "code", "misfit"), str(error)[:200])
                    continue
                self._read_at = clock.monotonic()
                return


def parse(text: str) -> tuple[SeenNode, ...]:
    """One line of the watch. Raises ValueError, NotPlain for anything else."""
    return tuple(plain.decode(SeenNode, node) for node in json_input.read(text.encode(), json_input.OWN_FILE))
