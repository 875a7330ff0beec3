"""The head's track of the next workload: what is prepared beside the current one, what is recorded."""

from dataclasses import dataclass
from typing import Any, Protocol

from ray_node.agent import decide, rollout
from ray_node.agent.decide_rollout import RolloutObserved
from ray_node.agent.phases import Action, Phase, Step
from ray_node.agent.rollout import Next, RolloutFailure
from ray_node.agent.work import Work
from ray_node.agent.workload_store import Taken, WorkloadStore
from ray_node.channel import plain
from ray_node.config.workload import Workload
from ray_node.host import clock, log
from ray_node.host.failure import ClusterFailed, Culprit, Trouble
from ray_node.host.steps import Steps

#: Where a head that starts goes on. What was prepared is looked at again: it may have restarted machines.
_PHASES = {
    rollout.STAGING: Phase.NEXT_STAGING,
    rollout.CHECKING: Phase.NEXT_STAGING,
    rollout.SWITCHING: Phase.SWITCHING,
    rollout.RETURNING: Phase.RETURNING,
}
#: The next workload is prepared while the current one is to run.
_BESIDE = (Phase.NEXT_STAGING, Phase.NEXT_CHECKING)


@dataclass(frozen=True)
class Running:
    """What the other track says in this pass."""

    #: The number of the workload that serves, runs, is ready or has succeeded.
    serves: str | None = None
    #: What proves it, for people.
    proof: str = ""
    #: The number of the workload that has failed for good, and why.
    failed: str | None = None
    failure: Trouble | None = None
    #: It needs neither tasks nor staging now.
    steady: bool = True
    #: What it waits for, for people.
    progress: str | None = None


class Preparation(Protocol):
    """What is done for a workload while another one serves."""

    @property
    def progress(self) -> str:
        """How far staging is."""

    def no_room(self, number: str) -> str | None:
        """Which disk cannot hold its model beside the one that is there; `None`: none that is known."""

    def whole(self, workload: Workload) -> bool:
        """All nodes of its shape are members."""

    def stage(self, number: str, workload: Workload) -> Steps[None]:
        """Until every node has its model. Raises ClusterFailed."""

    def check(self, number: str, workload: Workload) -> Steps[None]:
        """The checks of the machines. Raises ClusterFailed."""


class RolloutTrack:
    """`look` is called once in each pass, after the workload's. A step is recorded before it is taken."""

    def __init__(self, store: WorkloadStore, preparation: Preparation, own: Culprit) -> None:
        """`own` is the head: to blame for what nobody else is."""
        self._store = store
        self._preparation = preparation
        self._own = own
        self.phase = Phase.NO_ROLLOUT if self._next is None else _PHASES[self._next.phase]
        self._work: Work[None] | None = None
        #: When this life of the head began with the rollout.
        self._since = clock.monotonic()

    @property
    def subject(self) -> str | None:
        """The number of the workload that the other track is to run."""
        return self._store.rollout.subject

    @property
    def prepares(self) -> bool:
        """The next workload is being prepared beside what runs."""
        return self.phase in _BESIDE

    def published(self) -> dict[str, Any]:
        """For the state file."""
        label = self.phase.label if self._next is not None else None
        return {**plain.encode(self._store.rollout), "what": label, "detail": self._preparation.progress}

    def look(self, running: Running, formed: bool) -> Taken | None:
        """`formed`: all nodes are members. A disk that cannot be written delays a step; it is tried again.

        Returns what became of a delivery in this pass.
        """
        try:
            return self._look(running, formed)
        except OSError as error:
            log.line(f"the rollout cannot be recorded: {error.strerror or error}")
            return None

    def close(self) -> None:
        if self._work is not None:
            self._work.close()
            self._work = None

    def _look(self, running: Running, formed: bool) -> Taken | None:
        taken = None
        if self.phase is Phase.NO_ROLLOUT:
            taken = self._store.take(running.serves)
            self._prove(running)
        self._work_on(running.steady)
        step = decide.decide(self.phase, self._observe(running, formed))
        if step.phase is not self.phase:
            number = self._next.number if self._next is not None else ""
            self._record(step, running)
            self.close()
            if self.phase is Phase.NO_ROLLOUT:
                self._since = clock.monotonic()
            self.phase = step.phase
            self._begin(step.action)
            why = f", {step.reason}" if step.reason else ""
            log.event("rollout", f"of {number}: {step.phase.label}{why}")
        return taken

    def _work_on(self, steady: bool) -> None:
        """Staging that another one has replaced begins again; checks do not outlive what disturbs them."""
        if self.phase is Phase.NEXT_STAGING and not steady:
            self.close()
        elif self.phase is Phase.NEXT_STAGING and self._work is None:
            self._begin(Action.STAGE_NEXT)
        if self._work is not None and steady:
            self._work.look()

    def _observe(self, running: Running, formed: bool) -> RolloutObserved:
        work, following = self._work, self._next
        number = following.number if following is not None else None
        no_room = None
        if self.phase in _BESIDE and number is not None:
            no_room = self._preparation.no_room(number)
            formed = self._preparation.whole(self._workload(number))
        return RolloutObserved(
            next=number,
            serves=running.serves,
            failed=running.failed,
            failure=running.failure,
            can_go_back=self._store.rollout.can_go_back,
            formed=formed,
            steady=running.steady,
            no_room=no_room,
            done=work is not None and work.done,
            trouble=work.trouble if work is not None else None,
            overdue=self._overdue(running),
        )

    def _overdue(self, running: Running) -> Trouble | None:
        """Whoever waits for the verdict has it in time, and the next delivery is not locked out."""
        if self._next is None or self.phase not in (*_BESIDE, Phase.SWITCHING):
            return None
        limit = self._workload(self._next.number).deadlines.serving
        if clock.monotonic() - self._since < limit:
            return None
        detail = self._preparation.progress if self.phase in _BESIDE else running.progress
        how_far = f": {detail}" if detail else ""
        return ClusterFailed(f"it does not serve after {limit:.0f} s, {self.phase.label}{how_far}", self._own)

    def _prove(self, running: Running) -> None:
        """A workload that had failed serves after all."""
        found = self._store.rollout
        waits = found.next is None and found.current is not None and not found.proven
        if waits and running.serves == found.current:
            self._store.accept(running.proof)

    def _record(self, step: Step, running: Running) -> None:
        """On disk, in one write, before anything is done."""
        lines = tuple(log.redact(line) for line in step.log_lines)
        reason = log.redact(step.reason or step.phase.label)
        failure = RolloutFailure(reason, step.culprit or self._own, lines)
        if step.action is Action.STAGE_NEXT:
            self._store.advance(rollout.STAGING)
        elif step.action is Action.CHECK_NEXT:
            self._store.advance(rollout.CHECKING)
        elif step.action is Action.SWITCH:
            self._store.advance(rollout.SWITCHING)
        elif step.action is Action.GO_BACK:
            self._store.go_back(failure)
        elif step.action is Action.ACCEPT:
            self._store.accept(running.proof)
        elif step.action is Action.REJECT:
            self._store.fail(running.serves, failure)

    def _begin(self, action: Action) -> None:
        if self._next is None:
            return
        number = self._next.number
        if action is Action.STAGE_NEXT:
            self._work = Work("staging", self._preparation.stage(number, self._workload(number)))
        elif action is Action.CHECK_NEXT:
            self._work = Work("checking", self._preparation.check(number, self._workload(number)))

    @property
    def _next(self) -> Next | None:
        return self._store.rollout.next

    def _workload(self, number: str) -> Workload:
        return self._store.workload(number).workload
