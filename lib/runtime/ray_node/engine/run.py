"""One run of an engine that serves: process, health probe, proof, watch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ray_node.config.engine_config import EngineApi
from ray_node.config.workload import Workload
from ray_node.engine import proof as engine_proof
from ray_node.engine.api import EngineClient
from ray_node.engine.cause import Cause
from ray_node.engine.culprit import OwnEnd
from ray_node.engine.health_history import HealthHistory
from ray_node.engine.process import EngineLog, EngineProcess
from ray_node.engine.proof import NotProven, Refused
from ray_node.host import clock, log
from ray_node.host.background import Background
from ray_node.host.failure import EngineFailed
from ray_node.host.steps import Steps

_PROBE_SECONDS = 0.5
_WATCH_SECONDS = 3.0
_MISSES = 3
_POLL_SECONDS = 0.2
_ANSWER_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Proof:
    """What the engine answered."""

    text: str
    seconds: float
    #: Of the question that was answered.
    kind: str
    #: Questions that it refused before.
    refused: tuple[str, ...]


class EngineRun:
    """The process is started by making it. `on_wait` hears what is waited for, and how long at most."""

    def __init__(
        self,
        workload: Workload,
        api: EngineApi,
        head_address: str,
        environment: Mapping[str, str],
        output: EngineLog,
        on_wait: Callable[[str, clock.Deadline], None],
    ) -> None:
        self._api = api
        self._deadlines = workload.deadlines
        self._client = EngineClient(head_address, api)
        self._on_wait = on_wait
        engine = workload.engine
        self._has_served = False
        self._process = EngineProcess("engine", engine.argv, environment, output, engine.working_directory)
        self._health = HealthHistory(self._process.process.pid, head_address, api.port)

    @property
    def end(self) -> OwnEnd | None:
        """When the process ended, `None` while it runs."""
        process = self._process.process
        if process.ended_at is None:
            return None
        return OwnEnd(process.ended_at, from_outside=(process.exit_code or 0) < 0)

    @property
    def cause(self) -> Cause | None:
        """What the engine's output names as the cause of its failure."""
        return self._process.cause(is_fresh=self._has_served)

    def own_failure(self) -> EngineFailed | None:
        """The end of this very process, `None` while it runs."""
        ended = self._process.ended
        return None if ended is None else self.failed(ended)

    def await_healthy(self) -> Steps[None]:
        """Until the health path answers 200. Raises EngineFailed, at once when the process ends."""
        deadline = clock.Deadline(self._deadlines.engine)
        self._on_wait(f"waiting for the engine at {self._client.base}{self._api.health_path}", deadline)
        while not (yield from self._is_healthy()):
            if deadline.passed:
                late = f"did not answer {self._api.health_path} within {deadline.seconds:.0f} s"
                raise self.failed(f"the engine {late}: {self._health.describe()}")
            yield from self._rest(_PROBE_SECONDS)

    def prove(self) -> Steps[Proof]:
        """One real answer: only that proves that the cluster serves. Raises EngineFailed."""
        deadline = clock.Deadline(self._deadlines.completion)
        requests = self._api.proof
        self._on_wait(f"waiting for an answer from {self._client.base}{requests[0].path}", deadline)
        call = Background(lambda: engine_proof.prove(self._client, requests, deadline.seconds))
        yield from self._rest(_ANSWER_POLL_SECONDS)
        while not call.done:
            if deadline.passed:
                raise self.failed(f"no answer to POST {requests[0].path} within {deadline.seconds:.0f} s")
            yield from self._rest(_ANSWER_POLL_SECONDS)
        try:
            proven = call.result()
        except NotProven as error:
            failure = self.failed(str(error))
            failure.is_final = isinstance(error, Refused)
            raise failure from error
        self._has_served = True
        self._process.forget_causes()
        return Proof(proven.text, round(deadline.elapsed, 3), proven.kind, proven.refused)

    def watch(self) -> Steps[None]:
        """Stays as long as the engine is well. Raises EngineFailed."""
        misses = 0
        while True:
            yield from self._rest(_WATCH_SECONDS)
            misses = 0 if (yield from self._is_healthy()) else misses + 1
            if misses:
                log.line(f"health probe of the engine: miss {misses} of {_MISSES}: {self._health.problem}")
            if misses >= _MISSES:
                silent = f"has not answered {self._api.health_path} {_MISSES} times"
                raise self.failed(f"the engine {silent}: {self._health.describe()}")

    def stopping(self, grace_seconds: float) -> Steps[None]:
        return self._process.process.stopping(grace_seconds)

    def failed(self, reason: str) -> EngineFailed:
        """With the cause and the last lines of the engine's output."""
        cause, lines = self.cause, self._process.tail()
        if cause is None:
            return EngineFailed(reason, log_lines=lines)
        return EngineFailed(
            f"{reason}: {cause}", log_lines=lines, is_final=cause.is_final and not self._has_served
        )

    def _is_healthy(self) -> Steps[bool]:
        call = Background(lambda: self._client.health_problem())
        while not call.done:
            yield from self._rest(0.02)
        problem = call.result()
        self._health.note(problem)
        return problem is None

    def _rest(self, seconds: float) -> Steps[None]:
        """Wait, and raise EngineFailed as soon as the process has ended."""
        end = clock.monotonic() + seconds
        while True:
            failure = self.own_failure()
            if failure is not None:
                raise failure
            left = end - clock.monotonic()
            if left <= 0:
                return
            yield min(left, _POLL_SECONDS)
