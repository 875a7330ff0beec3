"""What the head does for a workload before its engine runs, and the run itself: one generator a phase."""

from collections.abc import Mapping, Sequence

from ray_node.agent import head_preflight, state
from ray_node.agent.cluster_view import ClusterView
from ray_node.agent.head_engine import HeadEngine
from ray_node.agent.head_staging import HeadStaging, NoRoom
from ray_node.agent.phases import Phase
from ray_node.agent.state import StateFile
from ray_node.channel.report import Replaced
from ray_node.channel.tasks import Handlers
from ray_node.cluster import requirements
from ray_node.cluster.environment import of_engine
from ray_node.cluster.membership import Member
from ray_node.config.schema import NodeConfig
from ray_node.config.staging_config import StagingConfig
from ray_node.config.workload import Workload
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
        staging: HeadStaging,
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
        #: The workload that was loaded before the engine's; `None`: there was none.
        self.before: Workload | None = None

    def has(self, phase: Phase) -> bool:
        """Whether the phase has anything to do in this cluster."""
        workload = self._engine.workload
        if phase is Phase.CHECKING:
            asks = head_preflight.has_requirements(self._config, workload)
            return asks or head_preflight.is_needed(self._config, workload)
        return phase is not Phase.STAGING or workload.staging is not None

    def reason(self, phase: Phase) -> str | None:
        """Of a phase that begins without a reason of its own."""
        staging = self._engine.workload.staging
        if phase is Phase.STAGING:
            return staging.title if staging is not None else None
        if phase is Phase.LOADING:
            what = "job" if self._engine.is_job else "engine"
            return f"starting the {what} '{self._engine.workload.engine.name}'"
        if phase is Phase.READY:
            return "the cluster is ready; it runs no engine"
        return self._engine.reason

    def give_up(self) -> None:
        """Nobody goes on fetching for a workload that has failed."""
        self._staging.give_up()

    def check(self, view: ClusterView) -> Steps[None]:
        """Versions, clocks, devices, fabric, images: before hours go into a model. Raises ClusterFailed."""
        members = view.assessment.members
        yield from self.check_images(view, members, self._engine.workload)
        yield from self._check_machines(view, members, self._engine.workload, beside=False)

    def check_images(self, view: ClusterView, members: Sequence[Member], workload: Workload) -> Steps[None]:
        """Ray, Python, clocks, and what the workload needs in each image. Raises ClusterFailed."""
        early = self._judge(view, members)
        if early.problem is not None:
            raise early.problem
        if self._config.workload is None:
            variables = of_engine(self._environment, workload, self._config.gcs_address)
            lacking = requirements.problem(workload, True, variables)
            if lacking is not None:
                raise ClusterFailed(lacking, Culprit(self._own.name, self._own.address, lacking))
        yield from head_preflight.check_images(
            self._config, workload, self._state.warn, self._handlers, members, view.tasks
        )

    def check_beside(self, view: ClusterView, members: Sequence[Member], workload: Workload) -> Steps[None]:
        """The machines, while another workload has their accelerators. Raises ClusterFailed."""
        return self._check_machines(view, members, workload, beside=True)

    def _check_machines(
        self, view: ClusterView, members: Sequence[Member], workload: Workload, beside: bool
    ) -> Steps[None]:
        return head_preflight.check_machines(
            self._config, workload, self._state.warn, self._handlers, members, view.tasks, beside
        )

    def stage(self, view: ClusterView) -> Steps[None]:
        """Until every node has the model. Raises ClusterFailed."""
        wanted, staging = self._engine.workload.staging_on(is_head=True), self._staging
        if wanted is None:
            staging.give_up()
            return
        staging.begin(self._engine.number, wanted, _replaced(self.before, wanted, is_free=True))
        try:
            while not staging.look(view.assessment.members, view.heard()):
                self._state.put(staging=staging.published())
                self._state.wait_for(staging.waiting, staging.node.deadline, is_progress=True)
                yield _POLL_SECONDS
        finally:
            self._state.put(staging=staging.published())
        log.event(state.STAGING, staging.outcome)

    def stage_beside(self, view: ClusterView, number: str, workload: Workload) -> Steps[str | None]:
        """The same for the next workload. Raises ClusterFailed. Returns why there is no room, else `None`."""
        wanted, staging = workload.staging_on(is_head=True), self._staging
        if wanted is None:
            return None
        staging.begin(number, wanted, _replaced(self._engine.workload, wanted, is_free=False))
        complete = False
        try:
            while not complete:
                complete = staging.look(view.assess(workload.pools).members, view.heard())
                self._state.put(staging=staging.published())
                if not complete:
                    yield _POLL_SECONDS
        except NoRoom as full:
            return str(full)
        finally:
            if not complete and staging.asked is not None and staging.asked.workload == number:
                staging.give_up()
        log.event(state.STAGING, f"for the next workload: {staging.outcome}")
        return None

    @property
    def staging_progress(self) -> str:
        """Who has the model, and how far the others are."""
        return self._staging.waiting if self._staging.asked is not None else ""

    def _judge(self, view: ClusterView, members: Sequence[Member]) -> cluster_preflight.Outcome:
        return cluster_preflight.judge(
            members, self._config.head.address, self._versions, view.heard(), self._environment
        )

    def compare(self, view: ClusterView) -> Steps[None]:
        """Reports of all nodes, what they say, and the engine's port. Raises ClusterFailed."""
        reported = clock.Deadline(cluster_preflight.REPORT_WAIT_SECONDS)
        while view.unheard() and not reported.passed:
            yield _POLL_SECONDS
        outcome = self._judge(view, view.assessment.members)
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


def _replaced(other: Workload | None, wanted: StagingConfig, is_free: bool) -> Replaced | None:
    """The models of another workload that a disk may hold. On shared storage others may use them."""
    found = other.staging.models if other is not None and other.staging is not None else ()
    kept = {model.destination for model in wanted.models}
    gone = tuple(model.destination for model in found if model.fans_out and model.destination not in kept)
    return Replaced(gone, is_free) if gone and wanted.fans_out else None
