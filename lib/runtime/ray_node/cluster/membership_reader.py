"""Runs the membership watch as a child and keeps its last line; starts it again when it ends."""

import json
import sys
from collections.abc import Mapping

from ray_node.channel import plain
from ray_node.channel.plain import NotPlain
from ray_node.cluster.membership import SeenNode
from ray_node.host import clock, log
from ray_node.host.processes import ManagedProcess, describe_exit

_RESTART_PAUSE_SECONDS = 1.0


class MembershipReader:
    """`nodes` is Ray's node table as last seen; call `tick` regularly."""

    def __init__(self, gcs_address: str, environment: Mapping[str, str]) -> None:
        self._argv = [sys.executable, "-m", "ray_node.cluster.membership_watch", gcs_address]
        self._environment = environment
        self._restart_at: float | None = None
        self.nodes: tuple[SeenNode, ...] = ()
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
        return ManagedProcess(self._argv, self._environment, self._line)

    def _line(self, text: str) -> None:
        if not text.startswith("["):
            return
        try:
            self.nodes = parse(text)
        except (ValueError, NotPlain):
            return
        self._read_at = clock.monotonic()


def parse(text: str) -> tuple[SeenNode, ...]:
    """One line of the watch. Raises ValueError, NotPlain for anything else."""
    return tuple(plain.decode(SeenNode, node) for node in json.loads(text))
