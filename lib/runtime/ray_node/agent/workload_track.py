"""The head's track of the workload that runs: its long work, its budget, and what it observes of both."""

from collections.abc import Callable, Mapping

from ray_node.agent import decide
from ray_node.agent.cluster_track import ClusterTrack
from ray_node.agent.cluster_view import ClusterView
from ray_node.agent.decide_workload import DONE, WAITING, WorkloadObserved
from ray_node.agent.head_engine import HeadEngine
from ray_node.agent.phases import Action, Phase, Step
from ray_node.agent.preparation import HeadPreparation
from ray_node.agent.retry_budget import RetryBudget
from ray_node.agent.state import StateFile
from ray_node.agent.work import Work
from ray_node.agent.workload_steps import WorkloadSteps
from ray_node.cluster.environment import of_engine
from ray_node.cluster.membership import Assessment
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.host import log
from ray_node.host.failure import (
    BudgetSpent,
    ClusterFailed,
    EngineFailed,
    MembershipLost,
    Trouble,
)

_POLL_SECONDS = 0.2
#: What a pass may have to do; more is a circle.
_MOST_STEPS = 10


class WorkloadTrack:
    """`look` is called once in each pass, after the cluster's. Raises NodeFailed."""

    def __init__(
        self,
        config: NodeConfig,
        state_file: StateFile,
        engine: HeadEngine,
        steps: WorkloadSteps,
        environment: Mapping[str, str],
        workload_of: Callable[[str], Workload],
        loaded: Callable[[str, Workload, Workload | None], None],
        preparation: HeadPreparation,
    ) -> None:
        """`environment` is that of Ray; `workload_of` gives the workload with a number.

        `loaded` is called with a workload and the one before, when nothing of that one can run
        any more; `preparation` says whether a workload is checked and staged already.
        """
        self._config = config
        self._state = state_file
        self._engine = engine
        self._steps = steps
        self._environment = environment
        self._workload_of = workload_of
        self._when_loaded = loaded
        self._preparation = preparation
        #: The number of the workload that the engine would run next.
        self._loaded: str | None = None
        self._budget = RetryBudget(engine.workload.retries.engine_starts, engine.is_job)
        self.phase = Phase.NONE
        self.step = Step(Phase.NONE)
        #: The number of the workload that the phase is about.
        self.about: str | None = None
        self._work: Work[None] | None = None
        self._stop: Work[None] | None = None
        #: Of a workload that has failed: a member was missing since then.
        self._was_broken = False
        #: A node that comes back is a reason to try again.
        self._heals = False
        #: Why the workload has failed for good.
        self.failure: Trouble | None = None

    @property
    def stops(self) -> bool:
        """What ran has not ended yet."""
        return self._stop is not None and not self._stop.over

    @property
    def runs(self) -> bool:
        return self.stops or self._engine.runs

    @property
    def serves(self) -> str | None:
        """The number of the workload that does what it should."""
        return self.about if self.phase in DONE else None

    @property
    def failed(self) -> str | None:
        """The number of the workload that has failed for good, once nothing of it runs any more."""
        return self.about if self.phase is Phase.FAILED and not self.runs else None

    def is_steady(self, cluster: ClusterTrack) -> bool:
        """Neither tasks nor staging are wanted here before the cluster has formed (again)."""
        waits = self.phase is Phase.FAILED or (self.phase in WAITING and not cluster.formed)
        return self.phase in DONE or (waits and not self.runs)

    @property
    def is_shown(self) -> bool:
        """Whether this phase has anything to do in this cluster."""
        return self._steps.has(self.phase)

    @property
    def due_seconds(self) -> float:
        """When the work wants to be looked at next."""
        works = [work.due_seconds for work in (self._work, self._stop) if work is not None]
        return min((seconds for seconds in works if seconds is not None), default=_POLL_SECONDS)

    def look(
        self,
        subject: str | None,
        cluster: ClusterTrack,
        view: ClusterView,
        asked: bool,
        publish: Callable[[], None],
    ) -> None:
        """Go on as far as this pass can; `publish` is called after each step."""
        for _ in range(_MOST_STEPS):
            for work in (self._work, self._stop):
                if work is not None:
                    work.look()
            self._load(subject, cluster, view)
            seen = self._observe(subject, cluster, view.assessment, asked)
            step = decide.decide(self.phase, seen)
            if step.phase is self.phase:
                return
            self._take(step, seen, cluster, view)
            publish()
            asked = False
        raise RuntimeError(f"the workload's phases go in a circle: {self.phase}")

    def _load(self, subject: str | None, cluster: ClusterTrack, view: ClusterView) -> None:
        """Between two attempts: another workload, with a budget and a shape of its own."""
        if subject is None or subject == self._loaded or self.phase not in WAITING or self.runs:
            return
        before = self._engine.workload if self._loaded is not None else None
        workload = self._workload_of(subject)
        environment = of_engine(self._environment, workload, self._config.gcs_address)
        self._engine.use(workload, environment)
        self._budget = RetryBudget(workload.retries.engine_starts, self._engine.is_job)
        self._loaded = subject
        cluster.hold_seconds = workload.deadlines.hold
        if view.pools != workload.pools:
            view.pools = workload.pools
            view.look()
            cluster.reshape()
        self._when_loaded(subject, workload, before)

    def _observe(
        self, subject: str | None, cluster: ClusterTrack, found: Assessment, asked: bool
    ) -> WorkloadObserved:
        trouble = self._trouble(cluster)
        given_up = trouble if isinstance(trouble, ClusterFailed) else self._given_up(cluster)
        if self.phase is Phase.FAILED and not cluster.whole:
            self._was_broken = True
        return WorkloadObserved(
            subject=subject,
            about=self.about,
            runs=self.runs,
            kind=self._engine.workload.engine.kind,
            formed=cluster.formed,
            prepared=self._preparation.is_prepared(subject, found),
            done=self._is_done(),
            begun=self._engine.begun,
            succeeded=self._engine.succeeded,
            trouble=trouble,
            given_up=given_up,
            asked=asked,
            healed=self._heals and self._was_broken and cluster.whole,
        )

    def _is_done(self) -> bool:
        if self.phase is Phase.LOADING:
            return self._engine.serves
        return self._work is not None and self._work.done

    def _trouble(self, cluster: ClusterTrack) -> Trouble | None:
        """Why the attempt ends; a member that is lost explains all else."""
        if self.phase in (*WAITING, Phase.NONE, Phase.FAILED, Phase.SUCCEEDED):
            return None
        if cluster.phase is not Phase.FORMED:
            return cluster.trouble or MembershipLost("the cluster is not formed any more")
        return self._work.trouble if self._work is not None else None

    def _given_up(self, cluster: ClusterTrack) -> Trouble | None:
        if self.phase not in WAITING or self.runs or cluster.reshaping:
            return None
        if cluster.phase is Phase.UNFORMED:
            return cluster.trouble
        if not cluster.formed:
            return None
        try:
            self._budget.settle(cluster.was_broken)
        except BudgetSpent as spent:
            return spent
        return None

    def _take(self, step: Step, seen: WorkloadObserved, cluster: ClusterTrack, view: ClusterView) -> None:
        trouble = seen.given_up or seen.trouble
        if step.action is Action.STOP:
            self._end(step, trouble, cluster)
        elif step.action is not Action.NOTHING:
            self._begin(step.action, seen, cluster, view)
        if step.phase in (Phase.SUCCEEDED, Phase.FAILED) and self.phase in WAITING:
            self.about = seen.subject
        if step.phase is Phase.RETRYING:
            cluster.doubted = cluster.phase is Phase.FORMED
            if seen.asked or not self._engine.is_job:
                self._budget.renew()
        self.phase = step.phase
        self.step = (
            step if step.reason is not None else Step(step.phase, step.action, self._steps.reason(step.phase))
        )

    def _begin(
        self, action: Action, seen: WorkloadObserved, cluster: ClusterTrack, view: ClusterView
    ) -> None:
        self.about = seen.subject
        cluster.was_broken = False
        if action is not Action.CHECK:
            self._preparation.used()
        work = {
            Action.CHECK: self._steps.check,
            Action.STAGE: self._steps.stage,
            Action.COMPARE: self._steps.compare,
            Action.START: self._steps.start,
        }[action]
        self._work = Work(action.value, work(view))

    def _end(self, step: Step, trouble: Trouble | None, cluster: ClusterTrack) -> None:
        was_running = self._engine.job is not None
        for work in (self._work, self._stop):
            if work is not None:
                work.close()
        self._work = None
        if isinstance(trouble, EngineFailed):
            self._budget.failed(trouble, self._engine.proven)
        if isinstance(trouble, MembershipLost):
            self._budget.lost(trouble, was_running)
        if step.phase is Phase.DEGRADED:
            cluster.doubted = cluster.phase is Phase.FORMED
        if step.phase is Phase.FAILED:
            self._was_broken = cluster.awaits or cluster.phase is Phase.UNFORMED
            self.failure = trouble
            self._heals = not (isinstance(trouble, BudgetSpent) and self._engine.is_job)
            self._steps.give_up()
        self._state.put(completion=None)
        if self._engine.runs:
            log.event(step.phase.shows, "stopping the engine")
        self._stop = Work("stopping the engine", self._engine.stopping(self._config.deadlines.stop / 2))
