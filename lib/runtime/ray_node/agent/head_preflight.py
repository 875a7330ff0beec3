"""The head's preflight of the machines: when it is needed, who takes part, what its report means."""

import contextlib
from collections.abc import Callable, Sequence

from ray_node.agent import state
from ray_node.channel.tasks import Handlers, TaskBoard
from ray_node.cluster.membership import Member
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.hardware.finding import PreflightReport
from ray_node.host import log
from ray_node.host.steps import Steps
from ray_node.preflight import run as preflight_run
from ray_node.preflight.facts import image_digests
from ray_node.preflight.run import Participant, PreflightRun
from ray_node.preflight.tasks import RequirementsTask


def shared_folder(workload: Workload) -> str | None:
    """The folder of the first model of which all nodes must see the same copy."""
    models = workload.staging.models if workload.staging is not None else ()
    return next((model.destination for model in models if model.placement == "shared"), None)


def is_needed(config: NodeConfig, workload: Workload) -> bool:
    """Emulated machines of one image without shared storage have nothing that could differ."""
    wanted = workload.preflight_on(config.preflight)
    asks = wanted.board is not None or wanted.rdma or wanted.gpus or wanted.rank_table is not None
    return asks or shared_folder(workload) is not None or bool(image_digests(wanted.image.found_in))


def has_requirements(config: NodeConfig, workload: Workload) -> bool:
    """Whether the images are to be asked; with schema 1 each node has looked before it started Ray."""
    wanted = workload.engine.requires
    return config.workload is None and any((wanted.programs, wanted.python_modules, wanted.paths))


def check_images(
    config: NodeConfig,
    workload: Workload,
    warn: Callable[[str], None],
    handlers: Handlers,
    members: Sequence[Member],
    board: TaskBoard,
) -> Steps[None]:
    """Whether every image holds what the engine needs. Raises ClusterFailed with the culprit."""
    if not has_requirements(config, workload):
        return
    run = _run(config, workload, handlers, members, board, False)
    engine = workload.engine
    task = RequirementsTask(engine.name, engine.requires, workload.environment.driver)
    _raise_for((yield from run.lacking(task)), warn)


def check_machines(
    config: NodeConfig,
    workload: Workload,
    warn: Callable[[str], None],
    handlers: Handlers,
    members: Sequence[Member],
    board: TaskBoard,
    beside: bool = False,
) -> Steps[None]:
    """Ask all members and judge. Raises ClusterFailed with the culprit.

    `beside`: an engine has the accelerators, so that their memory and collectives are left out.
    """
    if not is_needed(config, workload):
        return
    report = yield from _run(config, workload, handlers, members, board, beside).run()
    with contextlib.suppress(OSError):
        preflight_run.save(report, config.paths.state)
    log.event(state.CHECKING, f"the machines:\n{report.as_text()}")
    _raise_for(report, warn)


def _run(
    config: NodeConfig,
    workload: Workload,
    handlers: Handlers,
    members: Sequence[Member],
    board: TaskBoard,
    beside: bool,
) -> PreflightRun:
    # The head first: where two nodes contradict each other, it is right.
    addressed = [Participant(member.name, member.address) for member in members if member.address is not None]
    return PreflightRun(
        workload.preflight_on(config.preflight),
        sorted(addressed, key=lambda node: node.address != config.head.address),
        board,
        handlers,
        # Ray takes the workers' ports from the lowest on; the highest is as good as free.
        config.ports.workers_to,
        lambda text: log.event(state.CHECKING, text),
        shared_folder(workload),
        beside,
    )


def _raise_for(report: PreflightReport, warn: Callable[[str], None]) -> None:
    for warning in report.warnings:
        warn(f"preflight: {warning}")
    problem = preflight_run.problem_of(report)
    if problem is not None:
        raise problem
