"""Judges whether the cluster does what the plan wants, for `ray_node wait` and for `GET /ready`.

By kind of engine: it serves (a completion is requested here), its job runs or has succeeded, or nothing was
to run and the cluster is ready.
"""

import json
import threading
from dataclasses import dataclass
from typing import Any

from ray_node.agent import state
from ray_node.channel.plain import printable
from ray_node.channel.server import Reply, Request
from ray_node.config.schema import JOB, NONE, SERVE, EngineApi, NodeConfig
from ray_node.engine import proof as engine_proof
from ray_node.engine.api import EngineClient
from ray_node.engine.proof import NotProven
from ray_node.host import clock, log, table
from ray_node.host.background import Background

WAITING = "waiting"
SERVING = "serving"
FAILED = "failed"
_STATUS = {WAITING: 503, SERVING: 200, FAILED: 500}

#: A head that had failed before the check began gets this long to take the retry request.
_RETRY_SECONDS = 20.0
#: A request for the verdict does not wait longer than this for a completion that is under way.
_ANSWER_SECONDS = 2.0
_MAXIMUM_LINES = 100
_MAXIMUM_LINE = 500

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
    """Judges by the head's state file."""

    def __init__(self, config: NodeConfig) -> None:
        self._config = config
        self._path = state.path_of(config.paths.state, config.head.name)
        self._not = _NOT[config.engine.kind]
        self._started = clock.wall()
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
        return clock.wall() - self._waiting_since

    def look(self) -> Verdict:
        """Blocks while a completion is under way."""
        found = state.read(self._path)
        if found is not None and self._is_done(found):
            api = self._config.engine.api
            completion = self._complete(api, found.get("since")) if api is not None else None
            if api is None or completion is not None:
                self._took = self.elapsed if self._took is None else self._took
                return Verdict(SERVING, "\n".join(self._done(found, completion, self._took)))
        if self._took is not None:
            self._waiting_since, self._took = clock.wall(), None
        why = self._hopeless(found)
        if why is None and self.elapsed >= self._config.deadlines.serving:
            why = f"the deadline of {self._config.deadlines.serving:.0f} s has passed"
        if why is None:
            return Verdict(WAITING, self._progress(found))
        lines = found.get("lastLogLines") if found else None
        return Verdict(FAILED, "\n".join(self._failure(found or {}, why)), tuple(lines or ()))

    def _is_done(self, found: dict[str, Any]) -> bool:
        """A heartbeat from after the start of the check: the file may be left over from an earlier run."""
        beat = clock.epoch(found.get("heartbeat"))
        if beat is None or beat <= self._started or clock.wall() - beat > state.STALE_SECONDS:
            return False
        return found.get("state") in state.DONE

    def _complete(self, api: EngineApi, since: object) -> str | None:
        """The text of a completion, asked for once in each period of serving; `None` when none came."""
        if self._proved is not None and self._proved[0] == since:
            return self._proved[1]
        deadlines = self._config.deadlines
        left = min(deadlines.completion, max(1.0, deadlines.serving - self.elapsed))
        client = EngineClient(self._config.head.address, api)
        try:
            text = engine_proof.prove(client, api.proof, left).text
        except NotProven as error:
            self._unproven = str(error)
            return None
        self._proved, self._unproven = (since, text), None
        return text

    def _hopeless(self, found: dict[str, Any] | None) -> str | None:
        """Why waiting any longer is pointless, or `None`."""
        beat = clock.epoch(found.get("heartbeat")) if found is not None else None
        silent = clock.wall() - max(self._waiting_since, beat or 0.0)
        if silent > self._config.deadlines.head:
            return f"no heartbeat from the head {self._config.head} for {silent:.0f} s"
        if found is None or found.get("state") != state.FAILED:
            return None
        since = clock.epoch(found.get("since")) or 0.0
        if since < self._started and self.elapsed < _RETRY_SECONDS:
            return None
        return str(found.get("reason") or "failed")

    def _failure(self, found: dict[str, Any], why: str) -> list[str]:
        """What a person reads when the deployment has failed."""
        head, reason, waiting = self._config.head, self._reason(found), found.get("waitingFor")
        culprit = found.get("culprit") or {"name": head.name, "address": head.address, "reason": ""}
        text = [f"cluster '{self._config.cluster}' is {self._not}: {why}"]
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

    def _progress(self, found: dict[str, Any] | None) -> str:
        if found is None:
            return f"waiting for the head {self._config.head} to start"
        beat = clock.epoch(found.get("heartbeat")) or 0.0
        if clock.wall() - beat > state.STALE_SECONDS:
            return (
                f"no heartbeat from the head {self._config.head}; its last state was '{found.get('state')}'"
            )
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
        text += table.members(found.get("members") or [])
        api, job = self._config.engine.api, found.get("job")
        if api is not None:
            text.append(f"  model: {api.served_model} at {found.get('endpoint')}")
            text.append(f"  completion: {completion}")
        elif job:
            ended = f", ended at {job['endedAt']} with code {job['exitCode']}" if job["endedAt"] else ""
            text.append(f"  job: {self._config.engine.name}, started at {job['startedAt']}{ended}")
        return text + [f"  warning: {warning}" for warning in found.get("warnings") or []]


class ReadyPage:
    """The head's answer to `GET /ready` for anybody: read-only, bounded, without log lines."""

    def __init__(self, check: ReadinessCheck) -> None:
        self._check = check
        self._look: Background[Verdict] | None = None
        self._lock = threading.Lock()

    def reply(self, _: Request) -> Reply:
        """Called in the server's threads. However many ask, one look is under way."""
        with self._lock:
            if self._look is None or self._look.done:
                self._look = Background(self._check.look)
            look = self._look
        if look.wait(_ANSWER_SECONDS):
            verdict = look.result()
        else:
            verdict = Verdict(WAITING, "serving: waiting for a completion")
        lines = log.redact(verdict.text).splitlines()[:_MAXIMUM_LINES]
        text = "\n".join(printable(line, _MAXIMUM_LINE) for line in lines)
        content = json.dumps({"verdict": verdict.verdict, "text": text}, ensure_ascii=False)
        return Reply(_STATUS[verdict.verdict], content.encode())
