"""The engine as one group over the nodes: the head's process is rank 0, the others run followers.

The head directs by its answers to reports, and learns from the reports what became of it.
"""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ray_node.channel import follower_messages
from ray_node.channel.follower_messages import FollowerReport, RunDirective
from ray_node.channel.report import HeardReport
from ray_node.cluster.membership import Member
from ray_node.config.workload import Pool, Workload
from ray_node.host import clock
from ray_node.host.processes import KILLED

#: A follower that has not been heard of this long after the start of the group does not come.
START_SECONDS = 15.0
#: What a node does with an answer it has just read is in the reports that come later than this.
_SETTLED_SECONDS = 0.4


@dataclass(frozen=True)
class FollowerEnd:
    """A follower has ended. `at` is on this machine's monotonic clock."""

    member: Member
    rank: int
    at: float
    reason: str
    lines: tuple[str, ...]

    @property
    def from_outside(self) -> bool:
        """Nothing within the engine ended it."""
        return self.reason.startswith(KILLED) or self.reason == follower_messages.STOPPED


def ranks(pools: Sequence[Pool], head_address: str, members: Sequence[Member]) -> dict[str, int]:
    """Rank of each follower by address: 1, 2, ... in the plan's order, by address where it has none."""
    followers: list[str] = []
    for pool in pools:
        if pool.accelerators == 0:
            continue
        inside = [member.address for member in members if member.pool == pool.name and member.address]
        others = [address for address in inside if address != head_address]
        if pool.addresses is None:
            # As many as planned: the engine is told a number of nodes that does not change.
            others = sorted(others, key=ipaddress.IPv4Address)[: pool.nodes - (len(inside) - len(others))]
        followers += others
    return {address: rank for rank, address in enumerate(followers, start=1)}


class EngineGroup:
    """Over all attempts, of one workload or another.

    `heard` gives the last report of each node. `run_for` may be called by any thread.
    """

    def __init__(self, head_address: str, heard: Callable[[], Mapping[str, HeardReport]]) -> None:
        self._head_address = head_address
        self._heard = heard
        self._attempt = 0
        self._ranks: dict[str, int] = {}
        self._number: str | None = None
        self._members: dict[str, Member] = {}
        self._directives: Mapping[str, RunDirective] = {}
        self._started_at = 0.0
        self._released_at = 0.0
        #: Nodes that have been told since the last release that nothing is to run.
        self._told: set[str] = set()

    @property
    def active(self) -> bool:
        return bool(self._directives)

    def run_for(self, address: str) -> RunDirective | None:
        """The answer to a report of the node at `address`."""
        directive = self._directives.get(address)
        if directive is None:
            self._told.add(address)
        return directive

    def form(self, workload: Workload, number: str | None, members: Sequence[Member]) -> None:
        """Who the followers of the next attempt are; none for an engine without them.

        `number` is the workload's; `None`: it is in node.json.
        """
        self._number = number
        has_followers = workload.engine.follower is not None
        self._ranks = ranks(workload.pools, self._head_address, members) if has_followers else {}
        self._members = {member.address: member for member in members if member.address in self._ranks}

    def lingering(self) -> list[Member]:
        """Members that may still run a follower of an attempt before."""
        heard = self._heard()
        return [member for address, member in self._members.items() if not self._is_free(heard.get(address))]

    def start(self) -> None:
        """From now on the answers say: run."""
        self._attempt += 1
        self._started_at = clock.monotonic()
        self._directives = {
            address: RunDirective(self._attempt, rank, self._number) for address, rank in self._ranks.items()
        }

    def release(self) -> None:
        """From now on the answers say: nothing is to run."""
        if self._directives:
            self._told = set()
            self._directives = {}
            self._released_at = clock.monotonic()

    def everybody_told(self) -> bool:
        return self._told >= set(self._members)

    def ends(self) -> list[FollowerEnd]:
        """Followers of this attempt that have ended, in the order of their ends."""
        now, heard = clock.monotonic(), self._heard()
        found = []
        for address, directive in self._directives.items():
            report = self._word(heard.get(address))
            if report is not None and report.state == follower_messages.ENDED:
                at = now - heard[address].age_seconds - (report.ended_seconds_ago or 0.0)
                reason = report.reason or "ended"
                found.append(FollowerEnd(self._members[address], directive.rank, at, reason, report.lines))
        return sorted(found, key=lambda end: end.at)

    def absent(self) -> list[Member]:
        """Members that should run a follower by now and have not said that they do."""
        if not self.active or clock.monotonic() - self._started_at < START_SECONDS:
            return []
        heard = self._heard()
        return [
            self._members[address] for address in self._directives if self._word(heard.get(address)) is None
        ]

    def silent_since(self, moment: float) -> list[Member]:
        """Members with a follower that have not reported after `moment`."""
        now, heard = clock.monotonic(), self._heard()
        return [
            self._members[address]
            for address in self._directives
            if address not in heard or now - heard[address].age_seconds <= moment
        ]

    def _word(self, heard: HeardReport | None) -> FollowerReport | None:
        """What a node says of this attempt."""
        found = heard.report.follower if heard is not None else None
        return found if found is not None and found.attempt == self._attempt else None

    def _is_free(self, heard: HeardReport | None) -> bool:
        if heard is None:
            return False
        if clock.monotonic() - heard.age_seconds < self._released_at + _SETTLED_SECONDS:
            return False
        follower = heard.report.follower
        return follower is None or follower.state != follower_messages.RUNNING
