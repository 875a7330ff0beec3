"""What can go wrong, as exceptions that carry a reason and the culprit."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Culprit:
    """The node that caused a failure."""

    name: str
    address: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.name} ({self.address})" if self.address else self.name


@dataclass(eq=False)
class Trouble(Exception):
    """A reason, the culprit, and the log lines that show it."""

    reason: str
    culprit: Culprit | None = None
    log_lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.reason


class NodeFailed(Trouble):
    """This node cannot go on; the process ends and the restart policy decides."""


class RestartNeeded(NodeFailed):
    """This node must restart, at once: its Ray is dead, of an earlier session, or was too slow."""


class ClusterFailed(Trouble):
    """The cluster cannot form or serve; the head stays and says why."""


class BudgetSpent(ClusterFailed):
    """The engine has failed as often in a row as it may."""


class MembershipLost(Trouble):
    """A member went away after the membership had been whole."""


@dataclass(eq=False)
class EngineFailed(Trouble):
    """The engine did not start, does not answer or has ended."""

    #: Another start would end the same way.
    is_final: bool = False


class StopRequested(Exception):
    """SIGTERM or SIGINT arrived."""
