"""This node's part of an engine whose processes run on several nodes: one process, as the head directs."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ray_node.channel import follower_messages
from ray_node.channel.follower_messages import FollowerReport, RunDirective
from ray_node.config.engine_config import Engine
from ray_node.config.schema import NodeConfig
from ray_node.engine import secrets as engine_secrets
from ray_node.engine.process import EngineLog, EngineProcess
from ray_node.host import clock, log
from ray_node.host.failure import EngineFailed
from ray_node.host.processes import describe_exit

#: A follower gets half of the stop deadline, but never longer than this, before it is killed.
_GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class _End:
    reason: str
    lines: tuple[str, ...]
    #: On the monotonic clock.
    at: float


class Follower:
    """Used by the worker's thread; `report` may be called by any. `changed` is called after each change."""

    def __init__(self, config: NodeConfig, node_name: str, changed: Callable[[], None]) -> None:
        self._config = config
        self._engine: Engine | None = None
        self._environment: Mapping[str, str] = {}
        self._changed = changed
        self._log = EngineLog(log_path(config.paths.engine_log, node_name))
        self._run: RunDirective | None = None
        self._process: EngineProcess | None = None
        self._end: _End | None = None
        self._stopping = False

    def use(self, engine: Engine, environment: Mapping[str, str]) -> None:
        """What the next run is of. `environment` is that of its process."""
        self._engine, self._environment = engine, environment

    def obey(self, run: RunDirective | None, pause: Callable[[float], None] = clock.sleep) -> None:
        """Do what the head's last answer says. `pause` is called while an earlier process is stopped."""
        if self._run is not None and run != self._run:
            self.stop(pause)
        if run is not None and self._run is None:
            self._start(run)
        self._look()

    def stop(self, pause: Callable[[float], None] = clock.sleep) -> None:
        """End the process and everything below it; a process that hangs is killed.

        `pause` may raise; a second call then finishes the work.
        """
        self._stopping = True
        self._stop_process(pause)
        self._run, self._process, self._end = None, None, None
        self._stopping = False
        self._changed()

    def close(self, pause: Callable[[float], None] = clock.sleep) -> None:
        """The node ends: the head hears of it before the other ranks can notice."""
        if self._process is not None and self._end is None:
            self._end = _End(follower_messages.STOPPED, (), clock.monotonic())
            self._changed()
        self._stop_process(pause)

    def report(self, delay_seconds: float = 0.0) -> FollowerReport | None:
        """`delay_seconds`: how long the report will probably take to reach the head."""
        run, end, process = self._run, self._end, self._process
        if run is None:
            return None
        if end is None and process is not None and process.ended is not None and not self._stopping:
            # The worker's thread has not looked yet. `running` would make the head blame the next to end.
            end = _end_of(process)
        if end is None:
            return FollowerReport(run.attempt, follower_messages.RUNNING)
        kept = end.lines[-follower_messages.MAXIMUM_LINES :]
        lines = tuple(log.redact(line)[: follower_messages.MAXIMUM_LINE] for line in kept)
        ago = max(0.0, clock.monotonic() - end.at) + delay_seconds
        return FollowerReport(
            run.attempt, follower_messages.ENDED, log.redact(end.reason), lines, round(ago, 3)
        )

    def published(self) -> dict[str, Any] | None:
        """For the state file."""
        run, report = self._run, self.report()
        if run is None or report is None:
            return None
        return {"rank": run.rank, "attempt": run.attempt, "state": report.state, "reason": report.reason}

    def _stop_process(self, pause: Callable[[float], None]) -> None:
        if self._process is not None:
            self._process.process.stop(min(self._config.deadlines.stop / 2, _GRACE_SECONDS), pause)

    def _start(self, run: RunDirective) -> None:
        engine = self._engine
        if engine is None or engine.follower is None:
            raise ValueError(f"the head wants rank {run.rank} of an engine that has no followers")
        argv, folder = engine.follower.of_rank(run.rank), engine.working_directory
        try:
            variables = {**self._environment, **engine_secrets.read(engine.secrets)}
            self._process = EngineProcess("follower", argv, variables, self._log, folder)
        except EngineFailed as failure:
            why = failure.reason.removeprefix("the follower cannot be started: ")
            self._end = _End(f"cannot be started: {why}", (), clock.monotonic())
        # Last: from here on other threads report it.
        self._run = run
        self._changed()

    def _look(self) -> None:
        """Record the end of the process, with its last lines."""
        if self._process is None or self._end is not None:
            return
        if self._process.ended is None:
            return
        # Its children would hold its output open, and the accelerators.
        self._process.process.stop(0)
        self._end = _end_of(self._process)
        self._changed()


def _end_of(ended: EngineProcess) -> _End:
    at = ended.process.ended_at or clock.monotonic()
    lines = tuple(ended.tail())
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    cause = ended.cause()
    why = last[:200] if cause is None else str(cause)
    how = describe_exit(ended.process.exit_code)
    return _End(f"{how}: {why}" if why else how, lines, at)


def log_path(engine_log: str, node_name: str) -> str:
    """Beside the head's file, under the node's name: the folder may be one that nodes share."""
    base, extension = os.path.splitext(engine_log)
    return f"{base}-{node_name}{extension}"
