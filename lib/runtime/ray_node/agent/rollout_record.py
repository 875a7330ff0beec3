"""Where a workload stands, for those who wait for it: read from the head's folder, never written."""

from enum import Enum
from typing import Final, Literal

from ray_node.agent import rollout
from ray_node.agent.rollout import RolloutVerdict
from ray_node.agent.workload_folder import Unreadable, WorkloadFolder
from ray_node.config.config_error import ConfigError
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import NumberedWorkload


class _Standing(Enum):
    UNKNOWN = "nobody has delivered it, or the record cannot be read"
    DELIVERED = "no head has taken it yet"
    NEXT = "it is being rolled out"
    CURRENT = "it is what runs; whether it serves shows in the head's state"
    REPLACED = "it was known, and another one has come after it"


UNKNOWN: Final = _Standing.UNKNOWN
DELIVERED: Final = _Standing.DELIVERED
NEXT: Final = _Standing.NEXT
CURRENT: Final = _Standing.CURRENT
REPLACED: Final = _Standing.REPLACED
#: A verdict is always that of a failure: success is judged by who waits.
Standing = (
    RolloutVerdict
    | Literal[_Standing.UNKNOWN, _Standing.DELIVERED, _Standing.NEXT, _Standing.CURRENT, _Standing.REPLACED]
)


class RolloutRecord:
    """Of one workload."""

    def __init__(self, config: NodeConfig, number: str) -> None:
        self._folder = WorkloadFolder(config.paths.state, config.cluster)
        self._number = number
        self._was_known = False

    def look(self) -> Standing:
        found = self._look()
        if found is UNKNOWN and self._was_known:
            return REPLACED
        self._was_known = self._was_known or found is not UNKNOWN
        return found

    def _look(self) -> Standing:
        try:
            # The request first: it goes after the record has been written.
            request, record = self._folder.request(), self._folder.rollout()
        except Unreadable:
            return UNKNOWN
        if record.next is not None and record.next.number == self._number:
            return NEXT
        if request is not None and request.number == self._number:
            return DELIVERED
        verdict = record.verdict
        if verdict is not None and verdict.number == self._number and verdict.verdict == rollout.FAILED:
            return verdict
        return CURRENT if record.current == self._number else UNKNOWN


def expected(config: NodeConfig) -> NumberedWorkload | None:
    """What is being rolled out, else what was delivered last, else what runs; `None`: there is none."""
    folder = WorkloadFolder(config.paths.state, config.cluster)
    try:
        request, record = folder.request(), folder.rollout()
        if record.next is not None:
            return folder.workload(record.next.number)
        number = request.number if request is not None else record.current
        return folder.workload(number) if number is not None else None
    except (Unreadable, ConfigError):
        return None


def failure(config: NodeConfig, number: str) -> RolloutVerdict | None:
    """Why the workload with this number has failed; its file may be gone."""
    found = RolloutRecord(config, number).look()
    return found if isinstance(found, RolloutVerdict) else None


def known(config: NodeConfig, number: str) -> NumberedWorkload | None:
    """The workload with this number, while the head has its file."""
    try:
        return WorkloadFolder(config.paths.state, config.cluster).workload(number)
    except ConfigError:
        return None
