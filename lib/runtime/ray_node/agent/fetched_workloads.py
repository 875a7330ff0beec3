"""A worker's workloads: fetched from the head by number, kept in memory, and on disk for `ray_node run`."""

import contextlib

from ray_node.agent.workload_folder import WorkloadFolder
from ray_node.channel import report_client
from ray_node.channel.client import Client, Unanswered
from ray_node.config import workload
from ray_node.config.config_error import ConfigError
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.host import clock, log
from ray_node.host.background import Background

#: Current, next, and those before them.
_KEPT = 4
_AGAIN_SECONDS = 1.0


class FetchedWorkloads:
    """`find` never blocks: what is not there yet is being fetched. Used by one thread."""

    def __init__(self, config: NodeConfig, client: Client) -> None:
        self._config = config
        self._client = client
        self._known: dict[str, Workload] = {}
        self._folder = WorkloadFolder(config.paths.state, config.cluster)
        self._wanted = ""
        self._fetch: Background[bytes] | None = None
        self._again = clock.Deadline(0)
        #: Why the last one could not be fetched.
        self.problem: str | None = None

    def find(self, number: str | None) -> Workload | None:
        """The workload with this number, that of node.json for `None`; `None` while it is not there."""
        if number is None:
            return self._config.workload
        if number in self._known:
            return self._known[number]
        if self._fetch is None:
            self._begin(number)
        elif self._fetch.done:
            self._end()
        return self._known.get(number)

    def _begin(self, number: str) -> None:
        if not self._again.passed and number == self._wanted:
            return
        head, port = self._config.head.address, self._config.ports.node_report
        self._wanted = number
        self._fetch = Background(lambda: report_client.fetch_workload(number, self._client, head, port))

    def _end(self) -> None:
        fetch, self._fetch = self._fetch, None
        self._again = clock.Deadline(_AGAIN_SECONDS)
        try:
            content = fetch.result() if fetch is not None else b""
            found = workload.parse(content, self._config.cluster, f"workload {self._wanted}")
            if found.number != self._wanted:
                raise Unanswered(f"the head has sent workload {found.number} for {self._wanted}")
        except (Unanswered, ConfigError) as error:
            if str(error) != self.problem:
                log.line(f"workload {self._wanted} cannot be fetched: {error}")
            self.problem = str(error)
            return
        self.problem = None
        self._known[found.number] = found.workload
        for number in list(self._known)[:-_KEPT]:
            del self._known[number]
        # Without them this node runs all the same.
        with contextlib.suppress(OSError):
            self._folder.put_workload(content)
            self._folder.prune(set(self._known))
