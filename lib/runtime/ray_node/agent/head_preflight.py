"""The head's preflight of the machines: when it is needed, who takes part, what its report means."""

import contextlib
from collections.abc import Sequence

from ray_node.agent import state
from ray_node.agent.state import StateFile
from ray_node.channel.tasks import Handlers, TaskBoard
from ray_node.cluster.membership import Member
from ray_node.config.preflight_config import PreflightConfig
from ray_node.config.schema import NodeConfig
from ray_node.host import log
from ray_node.host.steps import Steps
from ray_node.preflight import run as preflight_run
from ray_node.preflight.facts import image_digests
from ray_node.preflight.run import Participant, PreflightRun


def shared_folder(config: NodeConfig) -> str | None:
    """The model's folder, where all nodes must see the same one."""
    staging = config.staging
    return staging.destination if staging is not None and staging.placement == "shared" else None


def is_needed(wanted: PreflightConfig) -> bool:
    """Emulated machines of one image have nothing that could differ."""
    asks = wanted.board is not None or wanted.rdma or wanted.gpus or wanted.rank_table is not None
    return asks or bool(image_digests(wanted.image.found_in))


def check_machines(
    config: NodeConfig,
    state_file: StateFile,
    handlers: Handlers,
    members: Sequence[Member],
    board: TaskBoard,
) -> Steps[None]:
    """Ask all members and judge. Raises ClusterFailed with the culprit."""
    if not is_needed(config.preflight):
        return
    # The head first: where two nodes contradict each other, it is right.
    addressed = [Participant(member.name, member.address) for member in members if member.address is not None]
    run = PreflightRun(
        config.preflight,
        sorted(addressed, key=lambda node: node.address != config.head.address),
        board,
        handlers,
        # Ray takes the workers' ports from the lowest on; the highest is as good as free.
        config.ports.workers_to,
        lambda text: log.event(state.CHECKING, text),
        shared_folder(config),
    )
    report = yield from run.run()
    with contextlib.suppress(OSError):
        preflight_run.save(report, config.paths.state)
    log.event(state.CHECKING, f"the machines:\n{report.as_text()}")
    for warning in report.warnings:
        state_file.warn(f"preflight: {warning}")
    problem = preflight_run.problem_of(report)
    if problem is not None:
        raise problem
