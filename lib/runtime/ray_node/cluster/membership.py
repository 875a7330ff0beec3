"""Who is a member: the planned nodes against Ray's node table and the nodes' own reports. Pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ray_node.channel.report import HeardReport
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Pool
from ray_node.host.failure import Culprit

#: A node's own reason for a failure counts this long, across its restarts.
FAILURE_STICKS_SECONDS = 25.0
#: Reports come every 2 seconds.
REPORT_FRESH_SECONDS = 10.0


@dataclass(frozen=True)
class SeenNode:
    """One line of `ray.nodes()`."""

    node_id: str
    alive: bool
    address: str
    name: str
    resources: dict[str, float]
    death_reason: str = ""


@dataclass(frozen=True)
class Evidence:
    """All that the head knows about the nodes at one moment. Ages are seconds."""

    nodes: Sequence[SeenNode] = ()
    #: By address.
    reports: Mapping[str, HeardReport] = field(default_factory=dict)
    #: By address: age of the last report without this cluster's signature. A good report ends the entry.
    rejected: Mapping[str, float] = field(default_factory=dict)
    #: By address: what a TCP connection to the node's Ray port met.
    probes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_address(self) -> Mapping[str, Sequence[SeenNode]]:
        """Lines of Ray's node table: a node that has restarted has several."""
        found: dict[str, list[SeenNode]] = {}
        for node in self.nodes:
            found.setdefault(node.address, []).append(node)
        return found


@dataclass(frozen=True)
class Member:
    """The verdict on one planned node (or on the missing rest of a pool)."""

    name: str
    pool: str
    address: str | None
    ok: bool
    #: Waiting will not change it: the node has to be repaired.
    definite: bool
    verdict: str
    accelerators: int
    planned: int
    #: Ray's id of the node, `None` unless exactly one entry of it is ALIVE.
    node_id: str | None
    #: Ray lists it as ALIVE.
    alive: bool

    @property
    def culprit(self) -> Culprit:
        return Culprit(self.name, self.address, self.verdict)

    def __str__(self) -> str:
        return f"{self.culprit}: {self.verdict}"


@dataclass(frozen=True)
class Assessment:
    members: tuple[Member, ...]
    #: ALIVE in Ray and not planned, e.g. a node that registered another address.
    strangers: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return bool(self.members) and all(member.ok for member in self.members)

    @cached_property
    def by_address(self) -> Mapping[str, Member]:
        return {member.address: member for member in self.members if member.address is not None}

    @property
    def missing(self) -> list[Member]:
        return [member for member in self.members if not member.ok]

    @property
    def culprit(self) -> Culprit | None:
        """One that waiting will not repair comes first."""
        for member in sorted(self.missing, key=lambda item: not item.definite):
            return member.culprit
        return None

    @cached_property
    def node_ids(self) -> dict[str, str]:
        """Ray's node id of each member: a restarted node gets a new one."""
        return {member.name: member.node_id for member in self.members if member.node_id is not None}

    def __str__(self) -> str:
        text = "; ".join(str(member) for member in self.missing)
        if self.strangers:
            text += f"; not planned but in the cluster: {', '.join(self.strangers)}"
        return text


def assess(config: NodeConfig, pools: Sequence[Pool], evidence: Evidence) -> Assessment:
    """Compare planned with seen. On the head's configuration (its pool is `config.node.pool`)."""
    members: list[Member] = []
    planned: set[str] = set()
    for pool in pools:
        if pool.addresses is not None:
            for index, address in enumerate(pool.addresses):
                is_head = address == config.head.address
                names = pool.node_names or ()
                named = names[index] if index < len(names) else f"{pool.name}-{index}"
                name = config.head.name if is_head else named
                members.append(_addressed(name, address, pool, evidence, is_head))
                planned.add(address)
        else:
            found = _counted(config, pools, pool, evidence)
            members.extend(found)
            planned.update(member.address for member in found if member.address)
    strangers = sorted(
        {
            f"{node.name} ({node.address})"
            for node in evidence.nodes
            if node.alive and node.address not in planned
        }
    )
    return Assessment(tuple(members), tuple(strangers))


def pool_of(name: str, address: str, config: NodeConfig, pools: Sequence[Pool]) -> str | None:
    """The pool a node belongs to by its name `<pool>-...`; the longest matching pool name wins."""
    if address == config.head.address:
        return config.node.pool
    matching = [pool.name for pool in pools if name.startswith(pool.name + "-")]
    return max(matching, key=len) if matching else None


def _counted(config: NodeConfig, pools: Sequence[Pool], pool: Pool, evidence: Evidence) -> list[Member]:
    """A pool whose addresses the place assigns: every node that calls itself `<pool>-...` counts."""
    names = {node.address: node.name for node in evidence.nodes if node.alive}
    for address, heard in evidence.reports.items():
        names.setdefault(address, heard.report.name)
    mine = sorted(
        address for address, name in names.items() if pool_of(name, address, config, pools) == pool.name
    )
    members = [
        _addressed(names[address], address, pool, evidence, address == config.head.address)
        for address in mine
    ]
    good = [member for member in members if member.ok]
    if config.workload is None:
        # Those beyond the number are told to leave.
        good = good[: pool.nodes]
    if len(good) >= pool.nodes:
        # Leftovers of replaced machines do not spoil a pool that is complete.
        return good
    absent = pool.nodes - len(members)
    if absent > 0:
        verdict = f"{len(good)} of {pool.nodes} nodes are members, {absent} never reported"
        name = f"pool {pool.name}"
        members.append(
            Member(name, pool.name, None, False, False, verdict, 0, pool.accelerators, None, False)
        )
    return members


def _addressed(name: str, address: str, pool: Pool, evidence: Evidence, is_head: bool) -> Member:
    entries = evidence.by_address.get(address, ())
    alive = [node for node in entries if node.alive]
    heard = evidence.reports.get(address)
    if len(alive) > 1:
        verdict = "has restarted, but Ray still lists its previous run"
        return Member(name, pool.name, address, False, False, verdict, 0, pool.accelerators, None, True)
    if alive:
        return _alive(name, address, pool, alive[0], heard)
    definite, verdict = _absent(address, entries, heard, evidence)
    if is_head and not entries:
        verdict = "Ray is starting on the head"
    found = heard.report.accelerators_found if heard else 0
    return Member(name, pool.name, address, False, definite, verdict, found, pool.accelerators, None, False)


def _alive(name: str, address: str, pool: Pool, node: SeenNode, heard: HeardReport | None) -> Member:
    count = int(node.resources.get(pool.resource, 0)) if pool.resource else 0
    ok = pool.resource is None or count == pool.accelerators
    if not ok:
        verdict = f"joined with {count} of {pool.accelerators} accelerators ({pool.resource})"
    else:
        verdict = f"member with {count} {pool.resource}" if pool.resource else "member"
        if heard is not None and heard.age_seconds > REPORT_FRESH_SECONDS:
            verdict += f", {_silence(heard)}"
    return Member(name, pool.name, address, ok, not ok, verdict, count, pool.accelerators, node.node_id, True)


def _absent(
    address: str, entries: Sequence[SeenNode], heard: HeardReport | None, evidence: Evidence
) -> tuple[bool, str]:
    """(definite, verdict) of a node that is not ALIVE. Its own word beats what is seen from outside."""
    rejected_age = evidence.rejected.get(address)
    if rejected_age is not None and rejected_age < FAILURE_STICKS_SECONDS:
        return True, "wrong token: its reports are not signed with this cluster's token"
    if heard is not None and heard.failure is not None and heard.failure_age_seconds < FAILURE_STICKS_SECONDS:
        return True, heard.failure
    gone = [node for node in entries if not node.alive]
    left = ""
    if gone:
        why = " ".join(gone[-1].death_reason.split())[:160]
        left = f"left the cluster{f' ({why})' if why else ''}"
    if heard is not None and heard.age_seconds < REPORT_FRESH_SECONDS:
        doing = heard.report.reason or heard.report.state
        return False, f"{left}; now {doing}" if left else f"not joined yet: {doing}"
    if heard is not None:
        silent = f"{_silence(heard)}, last {heard.report.state}"
        return False, f"{left}, {silent}" if left else silent
    probe = evidence.probes.get(address)
    return False, ", ".join(part for part in (left or "never reported", probe) if part)


def _silence(heard: HeardReport) -> str:
    """In steps of ten seconds, so that a log has one line for each."""
    return f"silent for {heard.age_seconds // 10 * 10:.0f} s"
