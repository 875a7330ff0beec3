"""What the head sees of the cluster: Ray's node table, the nodes' reports and host probes, joined."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ray_node.agent.host_prober import HostProber
from ray_node.channel.report import HeadAnswer, HeardReport, NodeReport
from ray_node.channel.report_server import ReportBook, ReportServer
from ray_node.channel.routes import Route
from ray_node.channel.tasks import TaskBoard
from ray_node.cluster import membership
from ray_node.cluster.membership import Assessment, Evidence, Member
from ray_node.cluster.membership_reader import MembershipReader
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Pool
from ray_node.host import clock
from ray_node.host.failure import Culprit, MembershipLost, NodeFailed
from ray_node.preflight import cluster_preflight

#: Ray's node table may be silent this long (its reader restarts) before the membership counts as lost.
_TABLE_SILENT_SECONDS = 60.0
#: No engine starts on a member that has been quiet this long: two reports are missing.
_QUIET_SECONDS = 5.0
#: Several parts of one pass ask for the reports.
_HEARD_SECONDS = 0.02


class ClusterView:
    """The report port and the reader of Ray's node table, which waits for Ray. `look` renews `assessment`.

    Raises NodeFailed when the port cannot be opened. `environment` is that of Ray.
    """

    def __init__(
        self,
        config: NodeConfig,
        token: str,
        environment: Mapping[str, str],
        answer: Callable[[NodeReport], HeadAnswer],
        ready: Route | None = None,
        workload: Route | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._config = config
        self._book = ReportBook(config.network, config.cluster, token)
        #: What the nodes do before an engine starts.
        self.tasks = TaskBoard()
        port = config.ports.node_report
        try:
            self._server = ReportServer(config.head.address, port, self._book, answer, ready, workload, tls)
        except OSError as error:
            raise NodeFailed(f"cannot open the report port {port}: {error}") from error
        self._prober = HostProber(config.ports.node_manager)
        self._reader = MembershipReader(config.gcs_address, environment)
        #: Who takes part: before the first workload the head alone.
        self.pools = config.workload.pools if config.workload is not None else _alone(config)
        self.assessment = Assessment((), ())
        self._heard: Mapping[str, HeardReport] | None = None
        self._heard_at = 0.0

    def close(self) -> None:
        self._reader.stop()
        self._prober.close()
        self._server.close()

    def look(self) -> Assessment:
        self._reader.tick()
        heard = self.heard()
        self.assessment = self.assess(self.pools)
        self._prober.targets = tuple(
            member.address
            for member in self.assessment.missing
            if member.address is not None and _is_silent(heard.get(member.address))
        )
        return self.assessment

    def assess(self, pools: Sequence[Pool]) -> Assessment:
        """The members as another shape wants them."""
        evidence = Evidence(self._reader.nodes, self.heard(), self._book.rejected(), self._prober.found)
        return membership.assess(self._config, pools, evidence)

    def heard(self) -> Mapping[str, HeardReport]:
        """As of this moment, or a short one before it."""
        now = clock.monotonic()
        if self._heard is None or now - self._heard_at > _HEARD_SECONDS:
            self._heard, self._heard_at = self._book.heard(), now
        return self._heard

    def is_known(self) -> bool:
        """Ray has answered at least once."""
        return self._reader.has_answered

    def member(self, address: str) -> Member | None:
        return self.assessment.by_address.get(address)

    def is_alive(self, address: str) -> bool:
        """Ray lists a node there as ALIVE, planned or not: it may be in the shape that comes next."""
        found = self.member(address)
        if found is not None:
            return found.alive
        return any(node.alive and node.address == address for node in self._reader.nodes)

    def quiet(self) -> bool:
        """A member that has stopped reporting may be dead without Ray knowing it yet."""
        heard = self.heard()
        return any(member.ok and _age(heard, member) > _QUIET_SECONDS for member in self.assessment.members)

    def unheard(self) -> list[Member]:
        """Members whose report has not come yet."""
        return cluster_preflight.unheard(self.assessment.members, self._config.head.address, self.heard())

    def guard(self, formed: Assessment) -> None:
        """Raises MembershipLost when the membership is not what the engine was started on."""
        silent = self._reader.silent_seconds
        if silent > _TABLE_SILENT_SECONDS:
            reason = f"Ray's node table has not answered for {silent:.0f} s"
            head = self._config.head
            raise MembershipLost(reason, Culprit(head.name, head.address, reason))
        if not self.assessment.whole:
            raise MembershipLost(str(self.assessment), self.assessment.culprit)
        for member in self.assessment.members:
            if formed.node_ids.get(member.name) != member.node_id:
                restarted = "has restarted"
                raise MembershipLost(
                    f"{member.culprit} {restarted}", replace(member.culprit, reason=restarted)
                )


def _alone(config: NodeConfig) -> tuple[Pool, ...]:
    """The shape of a cluster that no workload has described yet."""
    own = config.node.accelerators
    return (Pool(config.node.pool, 1, own.planned, own.resource, (config.head.address,)),)


def _age(heard: Mapping[str, HeardReport], member: Member) -> float:
    """Of the member's report, in seconds; 0 for one that has sent none."""
    found = heard.get(member.address) if member.address is not None else None
    return found.age_seconds if found is not None else 0.0


def _is_silent(heard: HeardReport | None) -> bool:
    return heard is None or heard.age_seconds > membership.REPORT_FRESH_SECONDS
