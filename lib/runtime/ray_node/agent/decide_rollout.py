"""The head's next step with the next workload. Pure."""

from dataclasses import dataclass

from ray_node.agent.phases import Action, Phase, Step
from ray_node.host.failure import Trouble


@dataclass(frozen=True)
class RolloutObserved:
    #: The number of the next workload; `None`: there is none.
    next: str | None = None
    #: The number of the workload that serves (runs, is ready, has succeeded).
    serves: str | None = None
    #: The number of the workload that has failed for good.
    failed: str | None = None
    #: Why.
    failure: Trouble | None = None
    #: A current workload has served before: it can be gone back to.
    can_go_back: bool = False
    #: All nodes are members, so that an engine may run: those of the next workload's shape, until the switch.
    formed: bool = False
    #: What runs needs neither tasks nor staging now, so that the next one can be prepared.
    steady: bool = True
    #: The disk of a node that has no room for a second model; `None`: there is room, or it is not known yet.
    no_room: str | None = None
    #: The work of this phase has ended well.
    done: bool = False
    #: The time for all of the rollout is over.
    overdue: Trouble | None = None
    #: The work of this phase has ended badly.
    trouble: Trouble | None = None


def decide(phase: Phase, seen: RolloutObserved) -> Step:
    if phase is Phase.NO_ROLLOUT:
        if seen.next is None:
            return Step(phase)
        return Step(Phase.NEXT_STAGING, Action.STAGE_NEXT, f"rollout of workload {seen.next}")
    if phase is Phase.NEXT_STAGING:
        return _stage(phase, seen)
    if phase is Phase.NEXT_CHECKING:
        return _check(phase, seen)
    if phase is Phase.SWITCHING:
        return _switch(phase, seen)
    if seen.serves is not None and seen.serves != seen.next:
        return Step(Phase.NO_ROLLOUT, Action.REJECT, f"workload {seen.serves} serves again")
    if seen.failed is not None and seen.failed != seen.next:
        return Step(Phase.NO_ROLLOUT, Action.REJECT, f"workload {seen.failed} does not serve again")
    return Step(phase)


def _stage(phase: Phase, seen: RolloutObserved) -> Step:
    if not seen.can_go_back or seen.failed is not None:
        return Step(Phase.SWITCHING, Action.SWITCH, "no workload serves that could go on meanwhile")
    trouble = seen.trouble or seen.overdue
    if trouble is not None:
        return _reject(trouble)
    if seen.no_room is not None:
        reason = f"the engine stops before the model comes: {seen.no_room}"
        return Step(Phase.SWITCHING, Action.SWITCH, reason)
    if seen.done and seen.formed and seen.steady:
        return Step(Phase.NEXT_CHECKING, Action.CHECK_NEXT)
    return Step(phase)


def _check(phase: Phase, seen: RolloutObserved) -> Step:
    if not seen.formed or not seen.steady:
        return Step(Phase.NEXT_STAGING, Action.STAGE_NEXT, "a member was lost, or the engine has failed")
    trouble = seen.trouble or seen.overdue
    if trouble is not None:
        return _reject(trouble)
    return Step(Phase.SWITCHING, Action.SWITCH) if seen.done else Step(phase)


def _switch(phase: Phase, seen: RolloutObserved) -> Step:
    if seen.serves == seen.next:
        return Step(Phase.NO_ROLLOUT, Action.ACCEPT, f"workload {seen.next} serves")
    if seen.failed == seen.next:
        failure = seen.failure or Trouble(f"workload {seen.next} has failed")
    elif seen.overdue is not None:
        failure = seen.overdue
    else:
        return Step(phase)
    if not seen.can_go_back or not seen.formed:
        return _reject(failure)
    lines = tuple(failure.log_lines)
    return Step(Phase.RETURNING, Action.GO_BACK, failure.reason, failure.culprit, lines)


def _reject(trouble: Trouble) -> Step:
    return Step(Phase.NO_ROLLOUT, Action.REJECT, trouble.reason, trouble.culprit, tuple(trouble.log_lines))
