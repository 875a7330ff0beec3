"""A worker's next step. Pure."""

from dataclasses import dataclass

from ray_node.agent.phases import Action, Phase, Step
from ray_node.host.failure import NodeFailed, RestartNeeded


@dataclass(frozen=True)
class WorkerObserved:
    #: The head's token is there, or none is needed.
    token: bool = False
    #: The port of the head's Ray.
    head_open: bool = False
    #: The head has answered a report, or the wait for its first answer is over.
    answered: bool = False
    #: The head's Ray lists this node, and this node's Ray is up.
    listed: bool = False
    #: The head's last answer is older than three reports.
    silent: bool = False
    #: Why the head does not want this node; `None`: it does.
    leave: str | None = None
    #: Its Ray has ended, the head has a new session, or the head's Ray has not listed it for too long.
    restart: RestartNeeded | None = None
    #: Wrong token or version, Ray does not start, or the phase's deadline has passed.
    refused: NodeFailed | None = None


def decide(phase: Phase, seen: WorkerObserved) -> Step:
    if phase is Phase.GONE:
        return Step(phase)
    if phase is Phase.OUT:
        if seen.leave is not None or seen.silent:
            return Step(phase)
        return Step(Phase.GONE, Action.RESTART, "the cluster wants this node again")
    if phase in (Phase.JOINING, Phase.MEMBER, Phase.SILENT) and seen.restart is not None:
        return _gone(Action.RESTART, seen.restart)
    if phase is not Phase.SILENT and seen.refused is not None:
        return _gone(Action.END, seen.refused)
    if phase is not Phase.TOKEN and seen.leave is not None:
        return Step(Phase.OUT, Action.STOP_RAY, seen.leave)
    return _forward(phase, seen)


def _forward(phase: Phase, seen: WorkerObserved) -> Step:
    if phase is Phase.TOKEN and seen.token:
        return Step(Phase.HEAD)
    if phase is Phase.HEAD and seen.head_open:
        return Step(Phase.ANSWER)
    if phase is Phase.ANSWER and seen.answered:
        return Step(Phase.JOINING, Action.START_RAY)
    if phase is Phase.JOINING and seen.listed:
        return Step(Phase.MEMBER)
    if phase is Phase.MEMBER and seen.silent:
        return Step(Phase.SILENT)
    if phase is Phase.SILENT and not seen.silent:
        return Step(Phase.MEMBER)
    return Step(phase)


def _gone(action: Action, why: NodeFailed) -> Step:
    return Step(Phase.GONE, action, why.reason, why.culprit, tuple(why.log_lines))
