"""The head's view of staging: its own part, and what the other nodes report of theirs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ray_node.agent.node_staging import NodeStaging
from ray_node.channel.report import HeardReport, Replaced, Staged
from ray_node.cluster.membership import Member
from ray_node.config.staging_config import StagingConfig
from ray_node.host import log
from ray_node.host.failure import ClusterFailed, Culprit
from ray_node.staging.failure import RoomTaken

#: Each node applies the deadline itself and reports what is missing; the head waits this much longer.
_MARGIN_SECONDS = 30.0
_NAMED_NODES = 3


@dataclass(frozen=True)
class Part:
    """One node's part."""

    name: str
    address: str | None
    #: `None`: the node has not reported that it started this attempt.
    staged: Staged | None

    @property
    def done(self) -> bool:
        return self.staged is not None and self.staged.done

    @property
    def text(self) -> str:
        return self.staged.text if self.staged is not None else "has not started"

    @property
    def problem(self) -> ClusterFailed | None:
        if self.staged is None or self.staged.code is None:
            return None
        return self.failure(f"the model is not staged, {self.staged.code}: {self.staged.text}")

    def failure(self, reason: str) -> ClusterFailed:
        culprit = Culprit(self.name, self.address, reason)
        return ClusterFailed(f"{culprit}: {reason}", culprit)


@dataclass(frozen=True)
class Asked:
    """What the nodes are asked to stage."""

    attempt: int
    #: The number of the workload whose model it is; `None`: the one of node.json.
    workload: str | None
    replaced: Replaced | None = None


class NoRoom(Exception):
    """A disk cannot hold the next model beside the one that is in use, but in its place."""


class HeadStaging:
    """Over all attempts of the head's process. `asked` is read by the threads that answer reports."""

    def __init__(self, node: NodeStaging, name: str, address: str) -> None:
        self.node = node
        self._name = name
        self._address = address
        self._attempts = 0
        self._parts: tuple[Part, ...] = ()
        #: What the nodes are asked for; `None`: nothing is to be staged now.
        self.asked: Asked | None = None

    def begin(self, workload: str | None, staging: StagingConfig, replaced: Replaced | None = None) -> None:
        """A new attempt, unless one for this workload is under way or already complete."""
        if self.asked is None or self.asked.workload != workload:
            self._attempts += 1
            self.asked = Asked(self._attempts, workload, replaced)
        self.node.begin(self.asked.attempt, staging, self.asked.replaced)

    def look(self, members: Sequence[Member], heard: Mapping[str, HeardReport]) -> bool:
        """Whether every node has the model. Raises ClusterFailed with the culprit, NoRoom."""
        self.node.look()
        self._parts = (
            Part(self._name, self._address, self.node.staged),
            *self._others(members, heard),
        )
        for part in self._parts:
            if part.staged is not None and part.staged.code == RoomTaken.code:
                raise NoRoom(f"{part.name} ({part.address}): {part.staged.text}")
            if part.problem is not None:
                raise part.problem
        missing = [part for part in self._parts if not part.done]
        deadline = self.node.deadline
        if missing and deadline.elapsed > deadline.seconds + _MARGIN_SECONDS:
            late = missing[0]
            raise late.failure(f"the model is not staged after {deadline.seconds:.0f} s: {late.text}")
        return not missing

    @property
    def waiting(self) -> str:
        """Who still has no model, and how far each is."""
        missing = [part for part in self._parts if not part.done]
        texts = [f"{part.name} {part.text}" for part in missing[:_NAMED_NODES]]
        if len(missing) > _NAMED_NODES:
            texts.append(f"{len(missing) - _NAMED_NODES} more")
        nodes = len(self._parts)
        return f"the model is complete on {nodes - len(missing)} of {nodes} nodes: {'; '.join(texts)}"

    @property
    def outcome(self) -> str:
        return f"all {len(self._parts)} nodes have the model: {self._parts[0].text}"

    def published(self) -> dict[str, Any] | None:
        """For the state file."""
        own = self.node.published()
        if own is None:
            return None
        return {
            **own,
            "nodes": [
                {
                    "name": part.name,
                    "address": part.address,
                    "done": part.done,
                    "code": part.staged.code if part.staged else None,
                    "text": log.redact(part.text),
                }
                for part in self._parts
            ],
        }

    def give_up(self) -> None:
        """Stop staging in a cluster that has failed; the next attempt resumes."""
        self.asked = None
        self.node.stop()

    def close(self) -> None:
        self.asked = None
        self.node.close()

    def _others(self, members: Iterable[Member], heard: Mapping[str, HeardReport]) -> list[Part]:
        parts = []
        for member in members:
            if member.address is None or member.address == self._address:
                continue
            found = heard.get(member.address)
            staged = found.report.staged if found is not None else None
            if staged is not None and (self.asked is None or staged.attempt != self.asked.attempt):
                staged = None
            parts.append(Part(member.name, member.address, staged))
        return parts
