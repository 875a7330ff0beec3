"""What the head does for a workload before its engine runs, and the run itself: one generator a phase."""

from collections.abc import Mapping

from ray_node.agent import head_preflight, state
from ray_node.agent.cluster_view import ClusterView
from ray_node.agent.head_engine import HeadEngine
from ray_node.agent.head_staging import HeadStaging
from ray_node.agent.phases import Phase
from ray_node.agent.state import StateFile
from ray_node.channel.tasks import Handlers
from ray_node.config.schema import NodeConfig
from ray_node.host import clock, log, probe
from ray_node.host.failure import ClusterFailed, Culprit
from ray_node.host.steps import Steps
from ray_node.host.versions import Versions
from ray_node.preflight import cluster_preflight

_ENGINE_PORT_SECONDS = 10.0
_POLL_SECONDS = 0.2


class WorkloadSteps:
    def __init__(
        self,
        config: NodeConfig,
        state_file: StateFile,
        engine: HeadEngine,
        staging: HeadStaging | None,
        own: Culprit,
        versions: Versions,
        environment: Mapping[str, str],
        handlers: Handlers,
    ) -> None:
        """`environment` is that of Ray; `handlers` are what the head itself does of the preflight."""
        self._config = config
        self._state = state_file
        self._engine = engine
        self._staging = staging
        self._own = own
        self._versions = versions
        self._environment = environment
        self._handlers = handlers

    def has(self, phase: Phase) -> bool:
        """Whether the phase has anything to do in this cluster."""
        if phase is Phase.CHECKING:
            return head_preflight.is_needed(self._config.preflight)
        return phase is not Phase.STAGING or self._staging is not None

    def reason(self, phase: Phase) -> str | None:
        """Of a phase that begins without a reason of its own."""
        if phase is Phase.STAGING:
            return self._staging.node.title if self._staging is not None else None
        if phase is Phase.LOADING:
            what = "job" if self._engine.is_job else "engine"
            return f"starting the {what} '{self._engine.workload.engine.name}'"
        if phase is Phase.READY:
            return "the cluster is ready; it runs no engine"
        return self._engine.reason

    def give_up(self) -> None:
        """Nobody goes on fetching for a workload that has failed."""
        if self._staging is not None:
            self._staging.give_up()

    def check(self, view: ClusterView) -> Steps[None]:
        """Versions, clocks, devices, fabric, images: before hours go into a model. Raises ClusterFailed."""
        early = cluster_preflight.judge(
            view.assessment.members,
            self._config.head.address,
            self._versions,
            view.heard(),
            self._environment,
        )
        if early.problem is not None:
            raise early.problem
        members = view.assessment.members
        yield from head_preflight.check_machines(
            self._config, self._state, self._handlers, members, view.tasks
        )

    def stage(self, view: ClusterView) -> Steps[None]:
        """Until every node has the model. Raises ClusterFailed."""
        staging = self._staging
        if staging is None:
            return
        staging.begin()
        try:
            while not staging.look(view.assessment.members, view.heard()):
                self._state.put(staging=staging.published())
                self._state.wait_for(staging.waiting, staging.node.deadline, is_progress=True)
                yield _POLL_SECONDS
        finally:
            self._state.put(staging=staging.published())
        log.event(state.STAGING, staging.outcome)

    def compare(self, view: ClusterView) -> Steps[None]:
        """Reports of all nodes, what they say, and the engine's port. Raises ClusterFailed."""
        reported = clock.Deadline(cluster_preflight.REPORT_WAIT_SECONDS)
        while view.unheard() and not reported.passed:
            yield _POLL_SECONDS
        outcome = cluster_preflight.judge(
            view.assessment.members,
            self._config.head.address,
            self._versions,
            view.heard(),
            self._environment,
        )
        for warning in outcome.warnings:
            self._state.warn(warning)
        if outcome.problem is not None:
            raise outcome.problem
        api = self._engine.workload.engine.api
        if api is None:
            return
        freed = clock.Deadline(_ENGINE_PORT_SECONDS)
        while not probe.is_free(self._config.head.address, api.port):
            if freed.passed:
                reason = f"the engine's port {api.port} is in use by another program"
                raise ClusterFailed(reason, Culprit(self._own.name, self._own.address, reason))
            yield _POLL_SECONDS

    def start(self, view: ClusterView) -> Steps[None]:
        return self._engine.watched(view.assessment.members)
