"""The head's next step with the workload that runs. Pure."""

from dataclasses import dataclass

from ray_node.agent.phases import Action, Phase, Step
from ray_node.config.engine_config import JOB, NONE, SERVE
from ray_node.host.failure import Trouble

#: The workload does what it should.
DONE = (Phase.SERVING, Phase.RUNNING, Phase.READY, Phase.SUCCEEDED)
#: Nothing may be begun before what ran has stopped and the cluster has formed.
WAITING = (Phase.AWAITING, Phase.CHANGING, Phase.DEGRADED, Phase.RETRYING)


@dataclass(frozen=True)
class WorkloadObserved:
    #: The number of the workload that is to run; `None`: there is none.
    subject: str | None = None
    #: The number of the one that the phase is about.
    about: str | None = None
    #: A process or a task of an attempt has not ended yet.
    runs: bool = False
    #: Of the subject.
    kind: str = SERVE
    formed: bool = False
    #: The machines are checked and the model is staged, for the subject and for these members.
    prepared: bool = False
    #: The work of this phase has ended well.
    done: bool = False
    #: A job is alive for long enough.
    begun: bool = False
    #: The subject is a job that has succeeded, perhaps in an earlier life of the head.
    succeeded: bool = False
    #: Why the attempt ends; new in this pass.
    trouble: Trouble | None = None
    #: Why there will be no other attempt: of the cluster, of the machines, or of the budget.
    given_up: Trouble | None = None
    #: A retry was requested.
    asked: bool = False
    #: All nodes are members again, which may be all that was wrong.
    healed: bool = False


def decide(phase: Phase, seen: WorkloadObserved) -> Step:
    if phase in WAITING:
        return _wait(phase, seen)
    if phase is Phase.NONE:
        return Step(Phase.AWAITING) if seen.subject is not None else Step(phase)
    if phase is Phase.SUCCEEDED:
        return _other(phase, seen)
    if phase is Phase.FAILED:
        return _failed(phase, seen)
    ended = _ended(seen)
    return ended if ended is not None else _work(phase, seen)


def _wait(phase: Phase, seen: WorkloadObserved) -> Step:
    """Until what was there has stopped and the cluster has formed."""
    if phase is Phase.CHANGING and seen.trouble is not None:
        return _because(Phase.DEGRADED, seen.trouble)
    if seen.runs:
        return Step(phase)
    if seen.subject is None:
        return Step(Phase.NONE)
    if seen.succeeded:
        return Step(Phase.SUCCEEDED)
    if seen.given_up is not None:
        return _because(Phase.FAILED, seen.given_up)
    if not seen.formed:
        return Step(phase)
    if seen.prepared:
        return Step(Phase.COMPARING, Action.COMPARE, "comparing the nodes")
    return Step(Phase.CHECKING, Action.CHECK, "checking the machines")


def _failed(phase: Phase, seen: WorkloadObserved) -> Step:
    if seen.runs:
        return Step(phase)
    if seen.subject != seen.about:
        return _other(phase, seen)
    if seen.asked:
        return Step(Phase.RETRYING, reason="on request")
    return Step(Phase.RETRYING, reason="all nodes are members again") if seen.healed else Step(phase)


def _other(phase: Phase, seen: WorkloadObserved) -> Step:
    """Nothing runs: another workload can begin at once."""
    if seen.subject == seen.about:
        return Step(phase)
    return Step(Phase.AWAITING, reason=f"workload {seen.subject} is to run")


def _ended(seen: WorkloadObserved) -> Step | None:
    """What ends an attempt from outside of its work."""
    if seen.given_up is not None:
        return _because(Phase.FAILED, seen.given_up)
    if seen.trouble is not None:
        return _because(Phase.DEGRADED, seen.trouble)
    if seen.subject != seen.about:
        reason = f"workload {seen.about} stops, {seen.subject} is to run"
        return Step(Phase.CHANGING, Action.STOP, reason)
    return None


def _work(phase: Phase, seen: WorkloadObserved) -> Step:
    if seen.kind == JOB and seen.succeeded and phase in (Phase.LOADING, Phase.RUNNING):
        return Step(Phase.SUCCEEDED)
    if phase is Phase.LOADING and seen.kind == JOB and seen.begun:
        return Step(Phase.RUNNING)
    if not seen.done:
        return Step(phase)
    if phase is Phase.CHECKING:
        return Step(Phase.STAGING, Action.STAGE)
    if phase is Phase.STAGING:
        return Step(Phase.COMPARING, Action.COMPARE, "comparing the nodes")
    if phase is Phase.COMPARING:
        if seen.kind == NONE:
            return Step(Phase.READY, reason="the cluster is ready; it runs no engine")
        return Step(Phase.LOADING, Action.START)
    if phase is Phase.LOADING and seen.kind == SERVE:
        return Step(Phase.SERVING)
    return Step(phase)


def _because(phase: Phase, trouble: Trouble) -> Step:
    return Step(phase, Action.STOP, trouble.reason, trouble.culprit, tuple(trouble.log_lines))
