"""Judges whether the cluster does what a workload wants, for `ray_node wait` and for `GET /ready`.

By kind of engine: it serves (a completion is requested here), its job runs or has succeeded, or nothing was
to run and the cluster is ready. What is said of another workload is never an answer.
"""

from dataclasses import dataclass
from typing import Any

from ray_node.agent import state
from ray_node.agent.beat import Beat
from ray_node.agent.rollout import RolloutVerdict
from ray_node.agent.rollout_record import (
    CURRENT,
    DELIVERED,
    NEXT,
    REPLACED,
    UNKNOWN,
    RolloutRecord,
    Standing,
)
from ray_node.config.engine_config import JOB, NONE, SERVE, EngineApi
from ray_node.config.schema import NodeConfig
from ray_node.config.workload import Workload
from ray_node.engine import proof as engine_proof
from ray_node.engine.api import EngineClient
from ray_node.engine.proof import NotProven
from ray_node.host import clock, table
from ray_node.host.failure import Culprit

WAITING = "waiting"
SERVING = "serving"
FAILED = "failed"

#: A head that had failed before the check began gets this long to take the retry request.
_RETRY_SECONDS = 20.0
#: A head that rolls out has this much longer, for its verdict.
_VERDICT_SECONDS = 10.0

#: By kind of engine: what the cluster is not (yet).
_NOT = {SERVE: "not serving", JOB: "not running its job", NONE: "not ready"}
#: By state of the head: what the cluster does.
_IS = {
    state.SERVING: "is serving",
    state.RUNNING: "is running its job",
    state.SUCCEEDED: "has finished its job",
    state.READY: "is ready",
}


@dataclass(frozen=True)
class Verdict:
    verdict: str
    text: str
    #: The last lines of the program that failed. They may hold anything, so they are for the operator alone.
    log_lines: tuple[str, ...] = ()


class ReadinessCheck:
    """Judges one workload by the head's state file, and by the record of its rollout."""

    def __init__(self, config: NodeConfig, number: str | None, workload: Workload) -> None:
        """`number` is `None` where node.json holds the workload."""
        self._config = config
        self._number = number
        self._workload = workload
        self._record = RolloutRecord(config, number) if number is not None else None
        self._path = state.path_of(config.paths.state, config.head.name)
        self._not = _NOT[workload.engine.kind]
        self._started = clock.monotonic()
        self._beat = Beat()
        #: Since when the head had failed as the check began.
        self._failed_before: object = None
        #: When the check began, or found that the cluster no longer does what it should.
        self._waiting_since = self._started
        #: How long that took; `None` while it is waited for.
        self._took: float | None = None
        #: When the state began that a completion has proved, and the completion.
        self._proved: tuple[object, str] | None = None
        #: What came instead of a completion while the head said `serving`.
        self._unproven: str | None = None

    @property
    def elapsed(self) -> float:
        return clock.monotonic() - self._waiting_since

    def look(self) -> Verdict:
        """Blocks while a completion is under way."""
        told = self._record.look() if self._record is not None else CURRENT
        found = state.read(self._path)
        is_first = self._beat.look(found) and not self._beat.is_alive
        if is_first and found is not None and found.get("state") == state.FAILED:
            self._failed_before = found.get("since")
        if isinstance(told, RolloutVerdict):
            return self._told(found or {}, told)
        if told is CURRENT and found is not None and self._is_done(found):
            api = self._workload.engine.api
            completion = self._complete(api, found.get("since")) if api is not None else None
            if api is None or completion is not None:
                self._took = self.elapsed if self._took is None else self._took
                return Verdict(SERVING, "\n".join(self._done(found, completion, self._took)))
        if self._took is not None:
            self._waiting_since, self._took = clock.monotonic(), None
        why = self._hopeless(found, told is CURRENT)
        if told is REPLACED:
            why = f"workload {self._number} was replaced by another one"
        limit = self._workload.deadlines.serving
        if told is NEXT:
            # The head keeps the same deadline while it prepares, and its verdict says more.
            limit += _VERDICT_SECONDS
        if why is None and self.elapsed >= limit:
            why = f"the deadline of {limit:.0f} s has passed"
        if why is None:
            return Verdict(WAITING, self._progress(found, told))
        lines = found.get("lastLogLines") if found else None
        return Verdict(FAILED, "\n".join(self._failure(found or {}, why)), tuple(lines or ()))

    def _is_done(self, found: dict[str, Any]) -> bool:
        """A heartbeat from after the start of the check: the file may be left over from an earlier run."""
        if not self._beat.is_alive:
            return False
        return found.get("state") in state.DONE and found.get("workload") == self._number

    def _complete(self, api: EngineApi, since: object) -> str | None:
        """The text of a completion, asked for once in each period of serving; `None` when none came."""
        if self._proved is not None and self._proved[0] == since:
            return self._proved[1]
        deadlines = self._workload.deadlines
        left = min(deadlines.completion, max(1.0, deadlines.serving - self.elapsed))
        client = EngineClient(self._config.head.address, api)
        try:
            text = engine_proof.prove(client, api.proof, left).text
        except NotProven as error:
            self._unproven = str(error)
            return None
        self._proved, self._unproven = (since, text), None
        return text

    def _hopeless(self, found: dict[str, Any] | None, is_current: bool) -> str | None:
        """Why waiting any longer is pointless, or `None`. The failure of another workload is not."""
        silent = min(self.elapsed, self._beat.silent_seconds)
        if silent > self._config.deadlines.head:
            return f"no heartbeat from the head {self._config.head} for {silent:.0f} s"
        if found is None or found.get("state") != state.FAILED or not is_current:
            return None
        if found.get("workload") != self._number and found.get("workload") is not None:
            return None
        if found.get("since") == self._failed_before and self.elapsed < _RETRY_SECONDS:
            return None
        return str(found.get("reason") or "failed")

    def _failure(self, found: dict[str, Any], why: str) -> list[str]:
        """What a person reads when the deployment has failed."""
        head, reason, waiting = self._config.head, self._reason(found), found.get("waitingFor")
        culprit = found.get("culprit") or {"name": head.name, "address": head.address, "reason": ""}
        text = [f"cluster '{self._config.cluster}' is {self._not}: {why}"]
        text += self._named()
        text.append(f"  culprit: {culprit['name']} ({culprit['address']})")
        if culprit["reason"] or reason:
            text.append(f"  reason: {culprit['reason'] or reason}")
        if found:
            more = f", {reason}" if reason and reason != why else ""
            text.append(f"  state of the head: {found.get('state')}{more}")
        if waiting:
            text.append(f"  in progress: {waiting['what']}")
        if found.get("members"):
            text += table.members(found["members"])
        return text

    def _told(self, found: dict[str, Any], told: RolloutVerdict) -> Verdict:
        """What the head has recorded of a rollout that failed."""
        culprit = told.culprit or Culprit(self._config.head.name, self._config.head.address, "")
        text = [f"cluster '{self._config.cluster}' is {self._not}: {told.text}", *self._named()]
        text.append(f"  culprit: {culprit}")
        if culprit.reason:
            text.append(f"  reason: {culprit.reason}")
        text.append(f"  serving now: {told.serving}" if told.serving is not None else "  nothing serves now")
        text += table.members(found.get("members") or [])
        return Verdict(FAILED, "\n".join(text), told.log_lines)

    def _named(self) -> list[str]:
        return [] if self._number is None else [f"  workload: {self._number}"]

    def _progress(self, found: dict[str, Any] | None, told: Standing) -> str:
        if told is UNKNOWN:
            return f"workload {self._number} has not been delivered"
        if told is DELIVERED and found is not None:
            return f"workload {self._number} has been delivered, the head is {found.get('state')}"
        if found is None:
            return f"waiting for the head {self._config.head} to start"
        if not self._beat.is_alive and self._beat.silent_seconds > state.STALE_SECONDS:
            return (
                f"no heartbeat from the head {self._config.head}; its last state was '{found.get('state')}'"
            )
        rollout = found.get("rollout") or {}
        if told is NEXT and rollout.get("what") in ("staging next", "checking next"):
            detail = rollout.get("detail")
            return f"{rollout['what']} beside what serves{f': {detail}' if detail else ''}"
        waiting = found.get("waitingFor")
        detail = waiting["what"] if waiting else self._reason(found)
        return f"{found.get('state')}: {detail}" if detail else str(found.get("state"))

    def _reason(self, found: dict[str, Any]) -> str | None:
        if found.get("state") == state.SERVING and self._unproven is not None:
            return self._unproven
        return found.get("reason")

    def _done(self, found: dict[str, Any], completion: str | None, seconds: float) -> list[str]:
        is_what = _IS[str(found["state"])]
        text = [f"cluster '{self._config.cluster}' {is_what} after {seconds:.0f} s"]
        text += self._named()
        text += table.members(found.get("members") or [])
        api, job = self._workload.engine.api, found.get("job")
        if api is not None:
            text.append(f"  model: {api.served_model} at {found.get('endpoint')}")
            text.append(f"  completion: {completion}")
        elif job:
            ended = f", ended at {job['endedAt']} with code {job['exitCode']}" if job["endedAt"] else ""
            text.append(f"  job: {self._workload.engine.name}, started at {job['startedAt']}{ended}")
        return text + [f"  warning: {warning}" for warning in found.get("warnings") or []]
