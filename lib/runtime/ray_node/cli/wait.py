"""`ray_node wait`: ends with 0 when the cluster does what its workload wants, else with 1 and the reason."""

import contextlib
import socket
import sys

from ray_node.agent import delivery, readiness, rollout_record, state
from ray_node.agent.readiness import ReadinessCheck
from ray_node.agent.workload_folder import WorkloadFolder
from ray_node.config import workload
from ray_node.config.config_error import ConfigError
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import NumberedWorkload, Workload
from ray_node.host import clock, log
from ray_node.staging import source_secret

_POLL_SECONDS = 0.25
#: A line is printed for every change, and after this time.
_LINE_SECONDS = 10.0
_MOST_HOLDER = 200


def run(config: NodeConfig) -> int:
    """For what is being rolled out, or runs. Asks a head that has failed to try again."""
    state.request_retry(config.paths.state)
    if config.workload is not None:
        return _wait(config, None, config.workload)
    deadline = clock.Deadline(config.deadlines.head)
    while (found := rollout_record.expected(config)) is None:
        if deadline.passed:
            log.line(f"no workload has been delivered to cluster '{config.cluster}'")
            return 1
        clock.sleep(_POLL_SECONDS)
    return _wait(config, found.number, found.workload)


def deliver(config: NodeConfig, path: str, holder_path: str | None) -> int:
    """Bring the workload in the file at `path` to the head, and wait for it. Returns 2 for a bad file.

    `holder_path`: a file whose first line says who brings it, for whoever is refused meanwhile.
    """
    try:
        given = _read(config, path)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        folder = WorkloadFolder(config.paths.state, config.cluster)
        delivery.deliver(folder, given, _holder(holder_path))
    except delivery.Refused as refused:
        log.line(f"workload {given.number} is refused: {refused}")
        return 1
    except OSError as error:
        log.line(f"workload {given.number} cannot be delivered to {config.paths.state}: {error}")
        return 1
    log.line(f"workload {given.number} is delivered to the head {config.head}")
    return _wait(config, given.number, given.workload)


def _read(config: NodeConfig, path: str) -> NumberedWorkload:
    if config.workload is not None:
        raise ConfigError("node.json", ["schema: must be 2 for a workload of its own, got 1"])
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror or error}"]) from error
    return workload.parse(content, config.cluster, path)


def _holder(path: str | None) -> str:
    """The host's name where no place wrote the file; control characters would change what others see."""
    said = ""
    if path is not None:
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
            said = file.readline(_MOST_HOLDER)
    return "".join(letter for letter in said if letter.isprintable()).strip() or socket.gethostname()


def _wait(config: NodeConfig, number: str | None, wanted: Workload) -> int:
    """Prints the progress, and the verdict once it is final. Meanwhile the head may ask for secrets."""
    check = ReadinessCheck(config, number, wanted)
    models = wanted.staging.models if wanted.staging is not None else ()
    wallet = source_secret.Wallet(model.source.secret_file for model in models)
    last, printed_at = "", 0.0
    while (found := check.look()).verdict == readiness.WAITING:
        wallet.answer()
        if found.text != last or clock.monotonic() - printed_at >= _LINE_SECONDS:
            last, printed_at = found.text, clock.monotonic()
            log.line(f"[{check.elapsed:4.0f} s of {wanted.deadlines.serving:.0f} s] {found.text}")
        clock.sleep(_POLL_SECONDS)
    wallet.withdraw()
    lines = ["  last log lines:", *(f"    {line}" for line in found.log_lines)] if found.log_lines else []
    log.line("\n".join([found.text, *lines]))
    return 0 if found.verdict == readiness.SERVING else 1
