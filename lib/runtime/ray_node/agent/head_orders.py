"""What the head asks of a worker, done: its model, its process of the engine, its tasks."""

from collections.abc import Callable, Mapping

from ray_node.agent import state
from ray_node.agent.fetched_workloads import FetchedWorkloads
from ray_node.agent.follower import Follower
from ray_node.agent.node_staging import NodeStaging
from ray_node.agent.state import StateFile
from ray_node.channel.client import Client
from ray_node.channel.follower_messages import FollowerReport
from ray_node.channel.report import INTERVAL_SECONDS, HeadAnswer, Staged
from ray_node.channel.report_client import Reporter
from ray_node.channel.tasks import Handlers, TaskResult, TaskRunner
from ray_node.channel.tls import Tls
from ray_node.cluster import environment
from ray_node.config.schema import NodeConfig

#: Between reports of a node that runs a process of the engine, or while the head assigns tasks.
QUICK_INTERVAL_SECONDS = 0.5


class HeadOrders:
    """Used by the worker's thread; what is reported may be read by any."""

    def __init__(
        self,
        config: NodeConfig,
        state_file: StateFile,
        node: tuple[str, str],
        token: str,
        ray: Mapping[str, str],
        reporter: Reporter,
        mounts_memory: str | None = None,
        tls: Tls | None = None,
    ) -> None:
        """`node`: name and address of this one; `ray`: the environment of its Ray."""
        name, address = node
        self._config = config
        self._state = state_file
        self._ray = ray
        self._reporter = reporter
        client = Client(address, token, None if tls is None else tls.client)
        self._workloads = FetchedWorkloads(config, client)
        self._staging = NodeStaging(config, node, token, mounts_memory, tls)
        self._tasks: TaskRunner | None = None
        self._follower: Follower | None = None
        if config.node.accelerators.planned > 0:
            self._follower = Follower(config, name, reporter.now)

    def take_tasks(self, handlers: Handlers) -> bool:
        """From now on, once. Whether it was the first call."""
        if self._tasks is not None:
            return False
        self._tasks = TaskRunner(handlers, done=self._reporter.now)
        return True

    @property
    def staged(self) -> Staged | None:
        return self._staging.staged

    @property
    def result(self) -> TaskResult | None:
        return self._tasks.result if self._tasks is not None else None

    def followed(self, delay_seconds: float) -> FollowerReport | None:
        return self._follower.report(delay_seconds) if self._follower is not None else None

    def obey(self, answer: HeadAnswer, pause: Callable[[float], None]) -> None:
        """Do what the head asks for; a head that is silent still means what it said last."""
        workload = self._workloads.find(answer.workload)
        has_follower = workload is not None and workload.engine.follower is not None
        prepares = answer.task is not None or answer.staged_workload not in (None, answer.workload)
        quick = (has_follower and self._follower is not None) or answer.state == state.CHECKING or prepares
        self._reporter.interval_seconds = QUICK_INTERVAL_SECONDS if quick else INTERVAL_SECONDS
        self._stage(answer)
        if self._tasks is not None:
            self._tasks.take(answer.task)
        if answer.workload is not None:
            self._state.put(workload=answer.workload)
        self._run(answer, pause)

    def leave(self, pause: Callable[[float], None]) -> None:
        """Stop what runs here of the engine. The file server goes on: others may be fetching."""
        if self._follower is not None:
            self._follower.obey(None, pause)
        self._staging.stop()

    def close(self, pause: Callable[[float], None]) -> None:
        if self._follower is not None:
            self._follower.close(pause)
        self._staging.close()

    def _run(self, answer: HeadAnswer, pause: Callable[[float], None]) -> None:
        """This node's process of the engine, once the workload is there."""
        follower, run = self._follower, answer.run
        if follower is None:
            return
        if run is not None:
            workload = self._workloads.find(run.workload)
            if workload is None:
                return
            variables = environment.of_engine(self._ray, workload, self._config.gcs_address)
            follower.use(workload.engine, variables)
        follower.obey(run, pause)
        if run is not None or self._state.get("follower") is not None:
            self._state.put(follower=follower.published())

    def _stage(self, answer: HeadAnswer) -> None:
        """Report at once how it ended."""
        staging, found = self._staging, None
        if answer.staging is not None:
            workload = self._workloads.find(answer.staged_workload)
            if workload is None:
                # It is being fetched; what is under way goes on.
                return
            found = workload.staging_on(is_head=False)
        if staging.obey(answer.staging, found, answer.replaced):
            self._reporter.now()
        self._state.put(staging=staging.published())
        if staging.is_under_way:
            self._state.wait_for(f"the model: {staging.text}", staging.deadline, is_progress=True)
