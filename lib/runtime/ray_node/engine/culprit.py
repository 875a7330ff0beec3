"""The culprit of an engine group that failed: the process that ended first took the others down. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from ray_node.cluster.membership import Member
from ray_node.engine import symptoms
from ray_node.engine.group import FollowerEnd
from ray_node.host.failure import Culprit, EngineFailed

#: Ends this close to one another are told apart by their kind rather than by clocks of two machines.
_CLOSE_SECONDS = 0.5


@dataclass(frozen=True)
class OwnEnd:
    """The end of the head's own process. `from_outside`: by a signal, not by what it met itself."""

    at: float
    from_outside: bool = False


@dataclass(frozen=True)
class Evidence:
    """What is known shortly after an engine has failed. Times are on the head's monotonic clock."""

    #: `None`: the head's own process runs on.
    own: OwnEnd | None
    ends: Sequence[FollowerEnd] = ()
    #: Members that did not report when they were asked.
    silent: Sequence[Member] = ()
    silent_seconds: float = 0.0
    #: Whom the engine's own output names: Ray's executor prints the errors of all machines on the head.
    named: Member | None = None

    @property
    def first(self) -> OwnEnd | FollowerEnd | None:
        """The end that caused the others; of two that are close, one that came from outside the engine."""
        known: list[OwnEnd | FollowerEnd] = [*self.ends, *([self.own] if self.own is not None else [])]
        known.sort(key=lambda end: end.at)
        close = [end for end in known if end.at - known[0].at <= _CLOSE_SECONDS]
        return next((end for end in close if end.from_outside), close[0] if close else None)


def judge(failed: EngineFailed, head: Culprit, evidence: Evidence) -> EngineFailed:
    """The failure with its culprit, and that node's last lines."""
    first = evidence.first
    if isinstance(first, FollowerEnd):
        name, address = first.member.name, first.member.address
        what = f"the engine's follower, rank {first.rank}, {first.reason}"
        known = symptoms.find(first.reason)
        return EngineFailed(
            f"{name} ({address}): {what}",
            Culprit(name, address, f"engine: {what}"),
            list(first.lines),
            known is not None and known.is_final,
        )
    if not evidence.ends and evidence.silent:
        member = evidence.silent[0]
        what = f"runs an engine process but has not reported for {evidence.silent_seconds:.0f} s"
        return EngineFailed(
            f"{failed.reason}; {member.name} ({member.address}) {what}",
            Culprit(member.name, member.address, what),
            failed.log_lines,
        )
    if evidence.named is not None:
        name, address = evidence.named.name, evidence.named.address
        return EngineFailed(
            f"{name} ({address}): {failed.reason}",
            Culprit(name, address, f"engine: {failed.reason}"),
            failed.log_lines,
            failed.is_final,
        )
    return EngineFailed(
        failed.reason,
        Culprit(head.name, head.address, f"engine: {failed.reason}"),
        failed.log_lines,
        failed.is_final,
    )
