"""`ray_node wait`: ends with 0 when the cluster does what the plan wants, else with 1 and the reason."""

from ray_node.agent import readiness, state
from ray_node.agent.readiness import ReadinessCheck
from ray_node.config.schema import NodeConfig
from ray_node.host import clock, log

_POLL_SECONDS = 0.25
#: A line is printed for every change, and after this time.
_LINE_SECONDS = 10.0


def run(config: NodeConfig) -> int:
    """Prints the progress, and the verdict once it is final. Asks a head that has failed to try again."""
    state.request_retry(config.paths.state)
    check = ReadinessCheck(config)
    last, printed_at = "", 0.0
    while (found := check.look()).verdict == readiness.WAITING:
        if found.text != last or clock.wall() - printed_at >= _LINE_SECONDS:
            last, printed_at = found.text, clock.wall()
            log.line(f"[{check.elapsed:4.0f} s of {config.deadlines.serving:.0f} s] {found.text}")
        clock.sleep(_POLL_SECONDS)
    lines = ["  last log lines:", *(f"    {line}" for line in found.log_lines)] if found.log_lines else []
    log.line("\n".join([found.text, *lines]))
    return 0 if found.verdict == readiness.SERVING else 1
