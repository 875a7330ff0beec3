"""`ray_node wait`, the gate: ends with 0 when the cluster is what the plan wants.

That is by kind of engine: it serves (the gate asks for a completion itself), its job runs or has succeeded,
or nothing was to run and the cluster is ready. Else it ends with 1 and one block that says why.
"""

import time
from collections.abc import Callable
from typing import Any

from ray_node.agent import state
from ray_node.config.engine import JOB, NONE, SERVE
from ray_node.config.schema import EngineApi, NodeConfig
from ray_node.engine import api as engine_api
from ray_node.engine.api import BadCompletion
from ray_node.host import clock, log, table

_POLL_SECONDS = 0.25
_LINE_SECONDS = 10.0
#: A head that had failed before the gate came gets this long to take the retry request.
_RETRY_SECONDS = 20.0

#: By kind of engine: what the cluster is not (yet).
_NOT = {SERVE: "not serving", JOB: "not running its job", NONE: "not ready"}
#: By state of the head: what the cluster does.
_IS = {
    state.SERVING: "is serving",
    state.RUNNING: "runs its job",
    state.SUCCEEDED: "has finished its job",
    state.READY: "is ready",
}


class Gate:
    """Watches the head's state file. `now` and `sleep` are seconds, to be replaced by tests."""

    def __init__(
        self,
        config: NodeConfig,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._config = config
        self._now = now
        self._sleep = sleep
        self._path = state.path_of(config.paths.state, config.head.name)
        self._started = now()
        self._last_line = ""
        self._said_at = 0.0
        #: What came instead of a completion while the head said `serving`.
        self._unproven: str | None = None

    def run(self) -> int:
        state.request_retry(self._config.paths.state)
        deadline = self._config.deadlines.serving
        while True:
            found = state.read(self._path)
            if found is not None and self._is_done(found):
                api = self._config.engine.api
                completion = self._complete(api) if api is not None else None
                if api is None or completion is not None:
                    self._print_done(found, completion)
                    return 0
            why = self._hopeless(found)
            if why is None and self._elapsed >= deadline:
                why = f"{_NOT[self._config.engine.kind]} after {deadline:.0f} s"
            if why is not None:
                log.line("\n".join(self.block(found, why)))
                return 1
            self._progress(found)
            self._sleep(_POLL_SECONDS)

    @property
    def _elapsed(self) -> float:
        return self._now() - self._started

    def _is_done(self, found: dict[str, Any]) -> bool:
        """A heartbeat from after the gate's start: the file may be left over from an earlier run."""
        beat = clock.epoch(found.get("heartbeat"))
        return found.get("state") in state.DONE and beat is not None and beat > self._started

    def _complete(self, api: EngineApi) -> str | None:
        """The text of a completion, `None` when none came."""
        deadlines = self._config.deadlines
        left = min(deadlines.completion, max(1.0, deadlines.serving - self._elapsed))
        url = f"http://{self._config.head.address}:{api.port}{api.completion.path}"
        try:
            return engine_api.complete(url, api.completion.body, api.completion.must_contain, left)
        except BadCompletion as error:
            self._unproven = str(error)
            return None

    def _hopeless(self, found: dict[str, Any] | None) -> str | None:
        """Why waiting on makes no sense, or `None`."""
        patience = self._config.deadlines.head
        beat = clock.epoch(found.get("heartbeat")) if found is not None else None
        silent = self._now() - max(self._started, beat or 0.0)
        if silent > patience:
            return f"the head {self._head} has said nothing for {silent:.0f} s"
        if found is None or found.get("state") != state.FAILED:
            return None
        since = clock.epoch(found.get("since")) or 0.0
        if since < self._started and self._elapsed < _RETRY_SECONDS:
            return None
        return str(found.get("reason") or "failed")

    def block(self, found: dict[str, Any] | None, why: str) -> list[str]:
        """What a person reads when the deployment has failed."""
        found = found or {}
        reason = self._reason(found)
        waiting = found.get("waitingFor")
        culprit = found.get("culprit") or {
            "name": self._config.head.name,
            "address": self._config.head.address,
            "reason": "",
        }
        text = [f"cluster '{self._config.cluster}' is {_NOT[self._config.engine.kind]}: {why}"]
        text.append(f"  culprit: {culprit['name']} ({culprit['address']})")
        if culprit["reason"] or reason:
            text.append(f"  reason: {culprit['reason'] or reason}")
        if found:
            text.append(
                f"  the head's state: {found.get('state')}{f', {reason}' if reason and reason != why else ''}"
            )
        if waiting:
            text.append(f"  it waits for: {waiting['what']}")
        if found.get("members"):
            text += table.members(found["members"])
        lines = found.get("lastLogLines")
        if lines:
            text.append("  last log lines:")
            text += [f"    {line}" for line in lines]
        return text

    def _progress(self, found: dict[str, Any] | None) -> None:
        what = self._what(found)
        if what == self._last_line and self._now() - self._said_at < _LINE_SECONDS:
            return
        self._last_line, self._said_at = what, self._now()
        log.line(f"[{self._elapsed:4.0f} s of {self._config.deadlines.serving:.0f} s] {what}")

    def _what(self, found: dict[str, Any] | None) -> str:
        if found is None:
            return f"waits for the head {self._head} to start"
        beat = clock.epoch(found.get("heartbeat")) or 0.0
        if self._now() - beat > state.STALE_SECONDS:
            return f"the head {self._head} is silent, it was last {found.get('state')}"
        waiting = found.get("waitingFor")
        detail = waiting["what"] if waiting else self._reason(found)
        return f"{found.get('state')}: {detail}" if detail else str(found.get("state"))

    def _reason(self, found: dict[str, Any]) -> str | None:
        if found.get("state") == state.SERVING and self._unproven is not None:
            return self._unproven
        return found.get("reason")

    def _print_done(self, found: dict[str, Any], completion: str | None) -> None:
        is_what = _IS[str(found["state"])]
        text = [f"cluster '{self._config.cluster}' {is_what} after {self._elapsed:.0f} s"]
        text += table.members(found.get("members") or [])
        api, job = self._config.engine.api, found.get("job")
        if api is not None:
            text.append(f"  model: {api.served_model} at {found.get('endpoint')}")
            text.append(f"  completion: {completion}")
        elif job:
            ended = f", ended at {job['endedAt']} with code {job['exitCode']}" if job["endedAt"] else ""
            text.append(f"  job: {self._config.engine.name}, started at {job['startedAt']}{ended}")
        text += [f"  warning: {warning}" for warning in found.get("warnings") or []]
        log.line("\n".join(text))

    @property
    def _head(self) -> str:
        return f"{self._config.head.name} ({self._config.head.address})"
