"""`ray_node wait`: ends with 0 when the cluster does what the plan wants, else with 1 and the reason."""

from collections.abc import Callable

from ray_node.agent import readiness, state
from ray_node.agent.readiness import ReadinessCheck, Verdict
from ray_node.config.schema import NodeConfig
from ray_node.host import clock, log

_POLL_SECONDS = 0.25
_LINE_SECONDS = 10.0


class Gate:
    """Prints the verdict when it is final, until then the progress. Tests replace `now` and `sleep`."""

    def __init__(
        self,
        config: NodeConfig,
        now: Callable[[], float] = clock.wall,
        sleep: Callable[[float], None] = clock.sleep,
    ) -> None:
        self._config = config
        self._now = now
        self._sleep = sleep
        self._check = ReadinessCheck(config, now)
        self._last_line = ""
        self._printed_at = 0.0

    def run(self) -> int:
        state.request_retry(self._config.paths.state)
        while True:
            found = self._check.look()
            if found.verdict != readiness.WAITING:
                log.line("\n".join([found.text, *_log_lines(found)]))
                return 0 if found.verdict == readiness.SERVING else 1
            self._progress(found.text)
            self._sleep(_POLL_SECONDS)

    def _progress(self, text: str) -> None:
        """One line for every change, and one every ten seconds."""
        if text == self._last_line and self._now() - self._printed_at < _LINE_SECONDS:
            return
        self._last_line, self._printed_at = text, self._now()
        log.line(f"[{self._check.elapsed:4.0f} s of {self._config.deadlines.serving:.0f} s] {text}")


def _log_lines(found: Verdict) -> list[str]:
    return ["  last log lines:", *(f"    {line}" for line in found.log_lines)] if found.log_lines else []
