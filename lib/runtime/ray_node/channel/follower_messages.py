"""Messages about a follower, the process of the engine on a node that is not the head."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from ray_node.channel.plain import one_line
from ray_node.host.text import printable

RUNNING: Final = "running"
ENDED: Final = "ended"
#: Reason of the end of a follower whose node was told to stop.
STOPPED = "was stopped with its node"

MAXIMUM_LINES = 30
MAXIMUM_LINE = 300


@dataclass(frozen=True)
class RunDirective:
    """The head wants this node to run its process of attempt `attempt` as rank `rank`."""

    attempt: int
    rank: int
    #: Number of the workload whose engine it is; `None`: the one of node.json.
    workload: Annotated[str, one_line(200)] | None = None


@dataclass(frozen=True)
class FollowerReport:
    """A node's process of the engine."""

    attempt: int
    state: Literal["running", "ended"]
    #: How it ended, `None` while it runs.
    reason: Annotated[str, one_line(500)] | None = None
    #: Its last lines of output, once it has ended.
    lines: Annotated[
        tuple[Annotated[str, lambda line: printable(line, MAXIMUM_LINE)], ...],
        lambda lines: lines[-MAXIMUM_LINES:],
    ] = ()
    #: Clocks of two nodes differ; the time between the end and this report does not.
    ended_seconds_ago: Annotated[float, lambda seconds: max(0.0, seconds)] | None = None
