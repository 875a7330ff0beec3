"""The head's track of the cluster: what it observes of the members, and what it keeps from pass to pass."""

from ray_node.agent import decide
from ray_node.agent.cluster_view import ClusterView
from ray_node.agent.decide_cluster import ClusterObserved
from ray_node.agent.phases import Phase, Step
from ray_node.cluster.membership import Assessment
from ray_node.config.schema import Deadlines
from ray_node.host import clock
from ray_node.host.failure import ClusterFailed, Culprit, MembershipLost, NodeFailed, Trouble

#: A verdict that waiting will not change ends the wait when it has held this long.
_DEFINITE_SECONDS = 15.0
#: Ray needs up to this long to notice that a silent node is dead (64 s measured for a frozen one).
_RAY_NOTICES_SECONDS = 75.0
#: A node that is told to leave has this long to stop its Ray, which Ray may take a while to notice.
_LEAVING_SECONDS = 75.0
_AWAITING = (Phase.STARTING, Phase.JOINED, Phase.BROKEN)


class ClusterTrack:
    """`look` is called once in each pass, after the view has been renewed."""

    def __init__(self, deadlines: Deadlines, address: str) -> None:
        self._deadlines = deadlines
        #: How long the membership must stay whole; of the workload.
        self.hold_seconds = 0.0
        #: Nodes that are not in the shape may be in Ray.
        self.tolerates_strangers = True
        self._reshaped = False
        self._address = address
        #: All nodes are members, and no others.
        self.whole = False
        self.phase = Phase.STARTING
        self.step = Step(Phase.STARTING)
        #: Until when the members are waited for.
        self.deadline = clock.Deadline(deadlines.membership)
        #: Somebody was missing since this was last set to False.
        self.was_broken = False
        #: The engine has failed: the members must hold again.
        self.doubted = False
        #: Why the cluster is not formed; only of the phases that follow from it.
        self.trouble: Trouble | None = None
        self._definite_since: float | None = None
        self._holding = clock.Deadline(0)
        self._silence = clock.Deadline(0)
        #: The membership that holds.
        self._formed = Assessment((), ())

    @property
    def formed(self) -> bool:
        """An engine may run on the members."""
        return self.phase is Phase.FORMED and not self.doubted and not self._reshaped

    @property
    def awaits(self) -> bool:
        return self.phase in _AWAITING

    def reshape(self) -> None:
        """Another shape is wanted from now on."""
        self._reshaped = True
        self.deadline = clock.Deadline(self._deadlines.membership)

    @property
    def reshaping(self) -> bool:
        """What the phase says is of the shape before."""
        return self._reshaped

    def look(self, view: ClusterView, asked: bool, ended: NodeFailed | None) -> None:
        seen = self._observe(view, asked, ended)
        step = decide.decide(self.phase, seen)
        if step.phase is not self.phase:
            self._enter(step, view.assessment, seen)
        self._reshaped = False
        if self.phase in _AWAITING and not view.assessment.whole:
            self.was_broken = True

    def _observe(self, view: ClusterView, asked: bool, ended: NodeFailed | None) -> ClusterObserved:
        found = view.assessment
        self.whole = found.whole and (self.tolerates_strangers or not found.strangers)
        own = view.member(self._address)
        return ClusterObserved(
            own_member=own is not None and own.alive,
            whole=self.whole if self.phase is Phase.UNFORMED else found.whole,
            text=_text(found),
            culprit=found.culprit,
            held=self._holding.elapsed >= self.hold_seconds
            and (not view.quiet() or self._silence.passed)
            and (self.tolerates_strangers or not found.strangers),
            changed=found.node_ids != self._formed.node_ids,
            lost=None if self._reshaped else self._lost(view),
            hopeless=self._hopeless(found),
            reshaped=self._reshaped,
            doubted=self.doubted,
            asked=asked,
            ended=ended,
        )

    def _enter(self, step: Step, found: Assessment, seen: ClusterObserved) -> None:
        before, self.phase, self.step = self.phase, step.phase, step
        if step.phase is Phase.HOLDING:
            self._formed = found
            self._holding = clock.Deadline(0)
            self._silence = clock.Deadline(_RAY_NOTICES_SECONDS)
            self.doubted = False
        if before is Phase.HOLDING and step.phase is Phase.JOINED:
            self.was_broken = True
        if before in (Phase.FORMED, Phase.UNFORMED):
            self.deadline = clock.Deadline(self._deadlines.membership)
            self._definite_since = None
        if step.phase is Phase.BROKEN:
            self.doubted = False
        self.trouble = {Phase.BROKEN: seen.lost, Phase.UNFORMED: seen.hopeless}.get(step.phase)

    def _lost(self, view: ClusterView) -> Trouble | None:
        if self.phase is not Phase.FORMED:
            return None
        try:
            view.guard(self._formed)
        except MembershipLost as lost:
            return lost
        return None

    def _hopeless(self, found: Assessment) -> Trouble | None:
        if self.phase is Phase.HOLDING:
            return self._stranger(found)
        if self.phase not in _AWAITING:
            return None
        definite = not found.whole and any(member.definite for member in found.missing)
        self._definite_since = (self._definite_since or clock.monotonic()) if definite else None
        since = self._definite_since
        if since is not None and clock.monotonic() - since > _DEFINITE_SECONDS:
            return ClusterFailed(str(found), found.culprit)
        if self.deadline.passed:
            reason = f"not all nodes joined within {self.deadline.seconds:.0f} s: {found}"
            return ClusterFailed(reason, found.culprit)
        return None

    def _stranger(self, found: Assessment) -> Trouble | None:
        """A node that stays in Ray after it was told to leave."""
        waited = self._holding.elapsed - self.hold_seconds
        if self.tolerates_strangers or not found.strangers or waited < _LEAVING_SECONDS:
            return None
        first = found.strangers[0]
        reason = f"does not leave Ray's cluster, {waited:.0f} s after it was told to"
        name, _, address = first.rstrip(")").partition(" (")
        return ClusterFailed(f"{first} {reason}", Culprit(name, address, reason))


def _text(found: Assessment) -> str:
    if not found.whole:
        return str(found)
    nodes = len(found.members)
    accelerators = sum(member.accelerators for member in found.members)
    return f"{nodes} of {nodes} nodes are members, {accelerators} accelerators"
