"""The head's preflight of the machines: when it is needed, who takes part, what its report means."""

import contextlib
from collections.abc import Callable, Mapping, Sequence

from ray_node.agent import state
from ray_node.agent.state import StateFile
from ray_node.channel.tasks import TaskBoard
from ray_node.cluster.membership import Member
from ray_node.config.preflight_config import PreflightConfig
from ray_node.config.schema import NodeConfig
from ray_node.host import log
from ray_node.preflight import run as preflight_run
from ray_node.preflight import tasks as preflight_tasks
from ray_node.preflight.facts import image_digest
from ray_node.preflight.run import Participant, PreflightRun


def is_needed(wanted: PreflightConfig) -> bool:
    """Emulated machines of one image have nothing that could differ."""
    asks = wanted.board is not None or wanted.rdma or wanted.gpus or wanted.rank_table is not None
    return asks or image_digest(wanted.image.found_in) is not None


class HeadPreflight:
    """`pause` keeps the head alive and raises when the membership is lost."""

    def __init__(
        self,
        config: NodeConfig,
        state_file: StateFile,
        name: str,
        address: str,
        environment: Mapping[str, str],
        pause: Callable[[float], None],
    ) -> None:
        self._config = config
        self._state = state_file
        self._address = address
        self._pause = pause
        self._handlers = preflight_tasks.handlers(config, config.preflight, name, address, environment)

    def run(self, members: Sequence[Member], board: TaskBoard) -> None:
        """Ask all members and judge. Raises ClusterFailed with the culprit."""
        if not is_needed(self._config.preflight):
            return
        self._state.become(state.CHECKING, "checking the machines")
        run = PreflightRun(
            self._config.preflight,
            self._participants(members),
            board,
            self._handlers,
            # Ray takes the workers' ports from the lowest on; the highest is as good as free.
            self._config.ports.workers_to,
            self._pause,
            lambda text: log.say(state.CHECKING, text),
        )
        report = run.run()
        with contextlib.suppress(OSError):
            preflight_run.save(report, self._config.paths.state)
        log.say(state.CHECKING, f"the machines:\n{report.as_text()}")
        for warning in report.warnings:
            self._state.warn(f"preflight: {warning}")
        problem = preflight_run.problem_of(report)
        if problem is not None:
            raise problem

    def _participants(self, members: Sequence[Member]) -> list[Participant]:
        """The head first: where two nodes contradict each other, it is right."""
        found = [Participant(member.name, member.address) for member in members if member.address is not None]
        return sorted(found, key=lambda node: node.address != self._address)
