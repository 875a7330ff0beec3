"""What is done for the next workload while the current one serves: its model, and checks of the machines."""

from ray_node.agent.cluster_view import ClusterView
from ray_node.agent.workload_steps import WorkloadSteps
from ray_node.cluster.membership import Assessment
from ray_node.config.workload import Workload
from ray_node.host import clock, log
from ray_node.host.failure import ClusterFailed
from ray_node.host.steps import Steps

_POLL_SECONDS = 0.2


class HeadPreparation:
    """Only while the current workload needs neither tasks nor staging: both are there once."""

    def __init__(self, view: ClusterView, steps: WorkloadSteps, membership_seconds: float) -> None:
        """`membership_seconds`: how long nodes that the next workload adds are waited for."""
        self._view = view
        self._steps = steps
        self._membership_seconds = membership_seconds
        self._no_room: tuple[str, str] | None = None
        #: The workload that is prepared, and for which members.
        self._prepared: tuple[str, dict[str, str]] | None = None

    @property
    def progress(self) -> str:
        """How far staging is."""
        return self._steps.staging_progress

    def whole(self, workload: Workload) -> bool:
        """All nodes of its shape are members."""
        return self._view.assess(workload.pools).whole

    def no_room(self, number: str) -> str | None:
        """Which disk cannot hold its model beside the one that is there; `None`: none that is known."""
        known = self._no_room
        return known[1] if known is not None and known[0] == number else None

    def is_prepared(self, number: str | None, members: Assessment) -> bool:
        """Checked and staged for exactly these members, and not run since."""
        return self._prepared is not None and self._prepared == (number, members.node_ids)

    def used(self) -> None:
        """An attempt begins: the next one looks again."""
        self._prepared = None

    def stage(self, number: str, workload: Workload) -> Steps[None]:
        """Wait for the nodes of its shape, then until each has its model. Raises ClusterFailed."""
        self._no_room, self._prepared = None, None
        yield from self._await_shape(number, workload)
        members = self._view.assess(workload.pools).members
        yield from self._steps.check_images(self._view, members, workload)
        full = yield from self._steps.stage_beside(self._view, number, workload)
        if full is not None:
            self._no_room = (number, full)

    def check(self, number: str, workload: Workload) -> Steps[None]:
        """What can be checked of the machines while they serve. Raises ClusterFailed."""
        found = self._view.assess(workload.pools)
        yield from self._steps.check_beside(self._view, found.members, workload)
        if workload.pools == self._view.pools:
            # Other members are checked among one another once nothing runs any more.
            self._prepared = (number, found.node_ids)

    def _await_shape(self, number: str, workload: Workload) -> Steps[None]:
        deadline = clock.Deadline(self._membership_seconds)
        said = ""
        while not (found := self._view.assess(workload.pools)).whole:
            if deadline.passed:
                waited = f"{deadline.seconds:.0f} s"
                raise ClusterFailed(f"not all nodes joined within {waited}: {found}", found.culprit)
            if str(found) != said:
                said = str(found)
                log.event("rollout", f"{number} waits for {said} (up to {deadline.left:.0f} s)")
            yield _POLL_SECONDS
