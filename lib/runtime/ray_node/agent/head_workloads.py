"""The workloads of a head: those that were delivered, or the only one, which node.json of schema 1 holds."""

import contextlib
from collections.abc import Sequence

from ray_node.agent.rollout import Rollout
from ray_node.agent.workload_folder import WorkloadFolder
from ray_node.agent.workload_store import WorkloadStore
from ray_node.channel.routes import Reply, Request
from ray_node.config import workload
from ray_node.config.config_error import ConfigError
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Pool, Workload

#: In place of a number, with schema 1.
_OF_NODE = "node.json"


class HeadWorkloads:
    def __init__(self, config: NodeConfig) -> None:
        """Goes on with what an earlier life of the head has left. Raises NodeFailed."""
        self._only = config.workload
        #: What the engine is before the first workload is loaded.
        self.before = config.workload or workload.nothing(config.cluster)
        #: `None` with schema 1.
        self.store: WorkloadStore | None = None
        if self._only is None:
            self.store = WorkloadStore(WorkloadFolder(config.paths.state, config.cluster))

    @property
    def subject(self) -> str | None:
        """The number of the workload that is to run."""
        return _OF_NODE if self.store is None else self.store.rollout.subject

    @property
    def lost(self) -> str | None:
        """What the disk has lost, for people; `None`: nothing."""
        return self.store.lost if self.store is not None else None

    def find(self, number: str) -> Workload:
        """Raises ConfigError."""
        if self.store is None:
            return self.before
        return self.store.workload(number).workload

    def public(self, number: str) -> str | None:
        """The number as others see it; `None`: it has none."""
        return None if number == _OF_NODE else number

    def shapes(self, loaded: str | None) -> list[Sequence[Pool]]:
        """Of what runs, and of what is prepared beside it; empty: nobody is ever told to leave.

        `loaded`: the workload that the members are counted for; a node does not leave while its engine ends.
        May be called by any thread.
        """
        shapes: list[Sequence[Pool]] = []
        record = self.store.rollout if self.store is not None else Rollout()
        for number in {loaded or record.subject, record.prepared}:
            if number is None:
                continue
            with contextlib.suppress(ConfigError):
                shapes.append(self.find(number).pools)
        return shapes

    def reply(self, request: Request) -> Reply:
        """`GET /workload/<number>`, in the server's threads."""
        if self.store is None or not workload.is_number(request.name):
            return Reply(404, b"no such workload")
        try:
            return Reply(200, self.store.workload(request.name).content)
        except ConfigError:
            return Reply(404, b"no such workload")
