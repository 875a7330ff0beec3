"""The head's next step with the cluster. Pure."""

from dataclasses import dataclass

from ray_node.agent.phases import Action, Phase, Step
from ray_node.host.failure import Culprit, NodeFailed, RestartNeeded, Trouble


@dataclass(frozen=True)
class ClusterObserved:
    #: Ray on the head lists the head itself.
    own_member: bool = False
    #: Every node of the shape is a member.
    whole: bool = False
    #: Who is missing, or what has changed.
    text: str = ""
    #: The first one that is missing.
    culprit: Culprit | None = None
    #: The members have been the same ones for the hold time, and none is quiet.
    held: bool = False
    #: The members are no longer those that were whole.
    changed: bool = False
    #: Why the formed cluster no longer is.
    lost: Trouble | None = None
    #: Why the cluster does not form: the deadline has passed, or a verdict that waiting does not change.
    hopeless: Trouble | None = None
    #: The engine has failed for a reason that may be a member that dies.
    doubted: bool = False
    #: Other nodes are to take part than before.
    reshaped: bool = False
    #: A retry was requested.
    asked: bool = False
    #: Why this node must restart, or cannot go on.
    ended: NodeFailed | None = None


def decide(phase: Phase, seen: ClusterObserved) -> Step:
    if phase is Phase.ENDED:
        return Step(phase)
    if seen.ended is not None:
        action = Action.RESTART if isinstance(seen.ended, RestartNeeded) else Action.END
        return _because(Phase.ENDED, seen.ended, action)
    if seen.reshaped and phase in (Phase.FORMED, Phase.HOLDING, Phase.UNFORMED):
        return Step(Phase.JOINED, reason="another shape is wanted")
    if phase is Phase.FORMED:
        return _formed(seen)
    if phase is Phase.HOLDING:
        if not seen.whole or seen.changed:
            reason = f"the membership changed during the hold time: {seen.text}"
            return Step(Phase.JOINED, reason=reason, culprit=seen.culprit)
        if seen.hopeless is not None:
            return _because(Phase.UNFORMED, seen.hopeless)
        return Step(Phase.FORMED, reason=seen.text) if seen.held else Step(phase)
    if phase is Phase.UNFORMED:
        if seen.asked:
            return Step(Phase.JOINED, reason="on request")
        return Step(Phase.JOINED, reason="all nodes are members again") if seen.whole else Step(phase)
    if seen.whole:
        return Step(Phase.HOLDING, reason=seen.text)
    if seen.hopeless is not None:
        return _because(Phase.UNFORMED, seen.hopeless)
    if phase is Phase.STARTING and seen.own_member:
        return Step(Phase.JOINED, reason="Ray is running on the head")
    return Step(phase)


def _formed(seen: ClusterObserved) -> Step:
    if seen.lost is not None:
        return _because(Phase.BROKEN, seen.lost)
    return Step(Phase.HOLDING, reason=seen.text) if seen.doubted else Step(Phase.FORMED)


def _because(phase: Phase, trouble: Trouble, action: Action = Action.NOTHING) -> Step:
    return Step(phase, action, trouble.reason, trouble.culprit, tuple(trouble.log_lines))
