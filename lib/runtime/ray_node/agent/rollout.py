"""How the head goes from one workload to the next: the record that `workload_store.py` keeps. Pure."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from ray_node.host import clock
from ray_node.host.failure import Culprit

STAGING: Final = "staging"
CHECKING: Final = "checking"
SWITCHING: Final = "switching"
RETURNING: Final = "returning"
#: Until `switching` the current workload serves; in `returning` it is started again.
RolloutPhase = Literal["staging", "checking", "switching", "returning"]

_BESIDE = (STAGING, CHECKING)

SERVING: Final = "serving"
FAILED: Final = "failed"


@dataclass(frozen=True)
class RolloutFailure:
    reason: str
    culprit: Culprit | None
    #: The last lines of the program that failed.
    log_lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Next:
    """The workload that is being rolled out."""

    number: str
    #: Who delivered it, for people.
    holder: str
    #: When the head took it.
    since: str
    phase: RolloutPhase
    #: Of its start, counted over restarts of the head; the first is 1.
    attempts: int
    #: Why the head goes back; `None` before that.
    failure: RolloutFailure | None

    def __str__(self) -> str:
        return f"rollout of {self.number} is in progress since {self.since}, started by {self.holder}"


@dataclass(frozen=True)
class RolloutVerdict:
    #: Of the workload that it is about.
    number: str
    verdict: Literal["serving", "failed"]
    text: str
    culprit: Culprit | None
    #: What serves now; `None`: nothing.
    serving: str | None
    at: str
    log_lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rollout:
    #: What runs when no rollout is in progress; `None`: no workload has come yet.
    current: str | None = None
    #: `current` has served. One that has not is never gone back to.
    proven: bool = False
    previous: str | None = None
    next: Next | None = None
    #: The last one.
    verdict: RolloutVerdict | None = None

    @property
    def kept(self) -> set[str]:
        """The workloads whose files are needed."""
        following = self.next.number if self.next is not None else None
        return {number for number in (self.current, self.previous, following) if number is not None}

    @property
    def prepared(self) -> str | None:
        """The workload that is being prepared while another one is to run."""
        return self.next.number if self.next is not None and self.next.phase in _BESIDE else None

    @property
    def subject(self) -> str | None:
        """The workload that the engine is to run now."""
        following = self.next
        if following is None or (self.proven and following.phase != SWITCHING):
            return self.current
        return following.number

    @property
    def can_go_back(self) -> bool:
        return self.current is not None and self.proven

    def taken(self, number: str, holder: str) -> "Rollout":
        """Begin with a delivered workload. The one that is current already only loses its old verdict."""
        if number == self.current:
            return replace(self, verdict=None)
        return replace(self, next=Next(number, holder, clock.stamp(), STAGING, 1, None))

    def refused(self, number: str, reason: str, serving: str | None) -> "Rollout":
        """A delivery that cannot be used changes nothing but the verdict."""
        return replace(self, verdict=_failed(number, RolloutFailure(reason, None), serving))

    def advanced(self, phase: RolloutPhase) -> "Rollout":
        return replace(self, next=replace(self._next, phase=phase))

    def again(self) -> "Rollout":
        """One more attempt to start the next workload."""
        return replace(self, next=replace(self._next, attempts=self._next.attempts + 1))

    def going_back(self, failure: RolloutFailure) -> "Rollout":
        """The next workload has failed: the current one is started again, and proven, before the verdict."""
        return replace(self, next=replace(self._next, phase=RETURNING, failure=failure))

    def accepted(self, text: str) -> "Rollout":
        """The subject has served: a rollout ends, or a workload that had failed serves after all."""
        number = self.subject
        if number is None:
            raise ValueError("there is no workload that could be accepted")
        if self.next is not None and number != self.next.number:
            raise ValueError(f"workload {number} serves, but {self.next}")
        previous = self.current if number != self.current and self.proven else self.previous
        verdict = RolloutVerdict(number, SERVING, text, None, number, clock.stamp())
        return Rollout(number, True, previous, None, verdict)

    def failed(self, serving: str | None, failure: RolloutFailure | None = None) -> "Rollout":
        """The end of a rollout that has failed. `serving`: what serves now. `failure`: if none is recorded.

        Where there is nothing to go back to, the failed workload becomes the current one, so that a cluster
        heals when the cause has gone.
        """
        following = self._next
        failure = following.failure or failure
        if failure is None:
            raise ValueError("a rollout does not fail without a reason")
        verdict = _failed(following.number, failure, serving)
        if self.can_go_back:
            return replace(self, next=None, verdict=verdict)
        return replace(self, current=following.number, next=None, verdict=verdict)

    def lost(self, reason: str, has_previous: bool) -> "Rollout":
        """The file of `current` cannot be used: the workload accepted before it takes its place.

        Where there is none, nothing is current, and the next delivery starts over.
        """
        if self.current is None:
            raise ValueError("there is no workload that could be lost")
        previous, following, about = self.previous if has_previous else None, self.next, self.current
        if previous is None and following is not None and following.phase == RETURNING:
            # It has failed, and there is nothing to go back to any more.
            about, following = following.number, None
        now = "waiting for a delivery" if following is None else f"going on with {following.number}"
        now = now if previous is None else f"going back to {previous}"
        text = f"workload {self.current} is lost: {reason}; {now}"
        verdict = RolloutVerdict(about, FAILED, text, None, None, clock.stamp())
        return Rollout(previous, previous is not None, None, following, verdict)

    @property
    def _next(self) -> Next:
        if self.next is None:
            raise ValueError("no rollout is in progress")
        return self.next


def _failed(number: str, failure: RolloutFailure, serving: str | None) -> RolloutVerdict:
    now = f"serving now: {serving}" if serving is not None else "nothing serves now"
    text = f"workload {number} has failed: {failure.reason}; {now}"
    return RolloutVerdict(number, FAILED, text, failure.culprit, serving, clock.stamp(), failure.log_lines)
