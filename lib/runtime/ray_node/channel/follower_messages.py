"""What head and node say of the engine's part on the node, within reports and answers."""

from dataclasses import dataclass
from typing import Any

from ray_node.channel.message_text import one_line, printable

RUNNING = "running"
ENDED = "ended"
#: Reason of the end of a follower whose node was told to stop.
STOPPED = "was stopped with its node"

_MAXIMUM_LINES = 30
_MAXIMUM_LINE = 300


@dataclass(frozen=True)
class RunDirective:
    """The head's word: run this node's part of attempt `attempt` as rank `rank`."""

    attempt: int
    rank: int

    def plain(self) -> dict[str, Any]:
        return {"attempt": self.attempt, "rank": self.rank}


@dataclass(frozen=True)
class FollowerReport:
    """A node's word on its part of the engine."""

    attempt: int
    state: str
    #: How it ended, `None` while it runs.
    reason: str | None = None
    #: Its last lines of output, once it has ended.
    lines: tuple[str, ...] = ()
    #: Clocks of two nodes differ; a distance to the report's own time does not.
    ended_seconds_ago: float | None = None

    def plain(self) -> dict[str, Any]:
        lines = [line[:_MAXIMUM_LINE] for line in self.lines[-_MAXIMUM_LINES:]]
        return {
            "attempt": self.attempt,
            "state": self.state,
            "reason": self.reason,
            "lines": lines,
            "endedSecondsAgo": self.ended_seconds_ago,
        }


def read_run(value: Any) -> RunDirective | None:
    """Raises KeyError, TypeError, ValueError."""
    if value is None:
        return None
    return RunDirective(attempt=int(value["attempt"]), rank=int(value["rank"]))


def read_follower(value: Any) -> FollowerReport | None:
    """Raises KeyError, TypeError, ValueError."""
    if value is None:
        return None
    state, lines, ago = value["state"], value["lines"], value["endedSecondsAgo"]
    if state not in (RUNNING, ENDED) or not isinstance(lines, list):
        raise ValueError("follower")
    return FollowerReport(
        attempt=int(value["attempt"]),
        state=state,
        reason=None if value["reason"] is None else one_line(value["reason"], 500),
        lines=tuple(printable(line, _MAXIMUM_LINE) for line in lines[-_MAXIMUM_LINES:]),
        ended_seconds_ago=None if ago is None else max(0.0, float(ago)),
    )
