"""The head's track of the next workload: what is prepared beside the current one, what is recorded."""

from dataclasses import dataclass
from typing import Protocol

from ray_node.agent import decide, rollout
from ray_node.agent.decide_rollout import RolloutObserved
from ray_node.agent.phases import Action, Phase, Step
from ray_node.agent.rollout import RolloutFailure
from ray_node.agent.work import Work
from ray_node.agent.workload_store import WorkloadStore
from ray_node.config.workload import Workload
from ray_node.host import log
from ray_node.host.failure import Culprit, Trouble
from ray_node.host.steps import Steps

#: Where a head that starts goes on. What was prepared is looked at again: it may have restarted machines.
_PHASES = {
    rollout.STAGING: Phase.NEXT_STAGING,
    rollout.CHECKING: Phase.NEXT_STAGING,
    rollout.SWITCHING: Phase.SWITCHING,
    rollout.RETURNING: Phase.RETURNING,
}


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


class Preparation(Protocol):
    """What is done for a workload while another one serves."""

    def no_room(self, workload: Workload) -> str | None:
        """Which disk cannot hold its model beside the one that is there; `None`: there is room."""

    def stage(self, workload: Workload) -> Steps[None]:
        """Until every node has its model. Raises ClusterFailed."""

    def check(self, workload: Workload) -> Steps[None]:
        """The checks of the machines. Raises ClusterFailed."""


class RolloutTrack:
    """`look` is called once in each pass, after the workload's. A step is recorded before it is taken."""

    def __init__(self, store: WorkloadStore, preparation: Preparation, own: Culprit) -> None:
        """`own` is the head: to blame for what nobody else is."""
        self._store = store
        self._preparation = preparation
        self._own = own
        following = store.rollout.next
        self.phase = Phase.NO_ROLLOUT if following is None else _PHASES[following.phase]
        self._work: Work[None] | None = None
        if self.phase is Phase.NEXT_STAGING:
            self._begin(Action.STAGE_NEXT)

    @property
    def subject(self) -> str | None:
        """The number of the workload that the other track is to run."""
        return self._store.rollout.subject

    def look(self, running: Running, formed: bool) -> None:
        """`formed`: all nodes are members. A disk that cannot be written delays a step; it is tried again."""
        try:
            self._look(running, formed)
        except OSError as error:
            log.line(f"the rollout cannot be recorded: {error.strerror or error}")

    def close(self) -> None:
        if self._work is not None:
            self._work.close()
            self._work = None

    def _look(self, running: Running, formed: bool) -> None:
        if self.phase is Phase.NO_ROLLOUT:
            self._store.take(running.serves)
            self._prove(running)
        if self._work is not None and formed:
            self._work.look()
        step = decide.decide(self.phase, self._observe(running, formed))
        if step.phase is self.phase:
            return
        self._record(step, running)
        self.close()
        self.phase = step.phase
        self._begin(step.action)
        log.event("rollout", step.reason or step.phase.label)

    def _observe(self, running: Running, formed: bool) -> RolloutObserved:
        following, work = self._store.rollout.next, self._work
        number = following.number if following is not None else None
        no_room = None
        if self.phase is Phase.NEXT_STAGING and number is not None:
            no_room = self._preparation.no_room(self._workload(number))
        return RolloutObserved(
            next=number,
            serves=running.serves,
            failed=running.failed,
            failure=running.failure,
            can_go_back=self._store.rollout.can_go_back,
            formed=formed,
            no_room=no_room,
            done=work is not None and work.done,
            trouble=work.trouble if work is not None else None,
        )

    def _prove(self, running: Running) -> None:
        """A workload that had failed serves after all."""
        found = self._store.rollout
        waits = found.next is None and found.current is not None and not found.proven
        if waits and running.serves == found.current:
            self._store.accept(running.proof)

    def _record(self, step: Step, running: Running) -> None:
        """On disk, in one write, before anything is done."""
        failure = RolloutFailure(step.reason or step.phase.label, step.culprit or self._own)
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
        following = self._store.rollout.next
        if following is None:
            return
        if action is Action.STAGE_NEXT:
            self._work = Work("staging", self._preparation.stage(self._workload(following.number)))
        elif action is Action.CHECK_NEXT:
            self._work = Work("checking", self._preparation.check(self._workload(following.number)))

    def _workload(self, number: str) -> Workload:
        return self._store.workload(number).workload
