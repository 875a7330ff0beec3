"""The node's state file: one JSON object, replaced atomically, so a reader always sees a whole one."""

import json
import os
from dataclasses import replace
from typing import Any

from ray_node import STATE_SCHEMA
from ray_node.channel import plain
from ray_node.host import clock, json_input, log, refusals, whole_file
from ray_node.host.failure import Culprit

STARTING = "starting"
JOINED = "joined"
FORMED = "formed"
CHECKING = "checking"
STAGING = "staging"
COMPARING = "comparing"
LOADING = "loading"
SERVING = "serving"
RUNNING = "running"
SUCCEEDED = "succeeded"
READY = "ready"
DEGRADED = "degraded"
FAILED = "failed"
RETRYING = "retrying"
WAITING = "waiting for a workload"
#: The cluster is what the plan wants: `ray_node wait` ends with 0, the head is healthy.
DONE = (SERVING, RUNNING, SUCCEEDED, READY)

HEARTBEAT_SECONDS = 2.0
#: A state file with an older heartbeat is out of date.
STALE_SECONDS = 15.0
_HISTORY_ENTRIES = 50
#: Bounds of what the file holds, in letters and in entries: it is read every few seconds.
_LONGEST_REASON = 4000
_LONGEST_LINE = 1000
_MOST_LINES = 50
_MOST_WARNINGS = 50
#: Between two records of progress, soonest and latest.
_PROGRESS_SECONDS = 2.0
_PROGRESS_LONGEST_SECONDS = 60.0
_RETRY_REQUEST = "retry-request.json"


def path_of(folder: str, node_name: str) -> str:
    return os.path.join(folder, f"{node_name}.json")


def read(path: str) -> dict[str, Any] | None:
    """The state file's content, `None` when there is none that can be read."""
    try:
        value = json_input.read_file(path)
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) and value.get("schema") == STATE_SCHEMA else None


def write_atomically(path: str, value: dict[str, Any]) -> None:
    """A key on each line: to indent all of it takes 20 times as long, for a thousand members each 2 s."""
    lines = (f"{json.dumps(key)}: {json.dumps(item)}" for key, item in value.items())
    whole_file.write(path, "{" + ",\n ".join(lines) + "}\n")


class StateFile:
    """What this node is doing, written for `status`, `wait` and people. Only one thread may write.

    Making it raises OSError; a later write that fails is only logged: a full disk must not end a serving
    cluster, and the stale heartbeat shows it.
    """

    def __init__(self, folder: str, node_name: str, facts: dict[str, Any]) -> None:
        os.makedirs(folder, exist_ok=True)
        self.path = path_of(folder, node_name)
        earlier = read(self.path)
        history = earlier.get("history") if earlier else None
        self._value: dict[str, Any] = {
            "schema": STATE_SCHEMA,
            "node": node_name,
            **facts,
            "pid": os.getpid(),
            "state": STARTING,
            "since": clock.stamp(),
            "heartbeat": clock.stamp(),
            "beatUptime": clock.monotonic(),
            "reason": None,
            "culprit": None,
            "waitingFor": None,
            "member": False,
            "members": [],
            "staging": None,
            "completion": None,
            "job": None,
            "rollout": None,
            "lastLogLines": [],
            "warnings": [],
            "refused": {},
            "history": _entries(history),
        }
        self._written_at = 0.0
        #: Why the file could not be written the last time.
        self._problem = ""
        self._waiting_until: clock.Deadline | None = None
        self._waiting_noted_at = 0.0
        self._note_history()
        write_atomically(self.path, self._value)

    @property
    def state(self) -> str:
        return str(self._value["state"])

    @property
    def reason(self) -> str | None:
        reason = self._value["reason"]
        return None if reason is None else str(reason)

    @property
    def waiting_for(self) -> str | None:
        waiting = self._value["waitingFor"]
        return None if waiting is None else str(waiting["what"])

    def get(self, key: str) -> Any:
        return self._value.get(key)

    def become(
        self,
        state: str,
        reason: str | None = None,
        culprit: Culprit | None = None,
        log_lines: list[str] | None = None,
    ) -> None:
        """Enter `state`. The same state with the same reason again changes nothing."""
        if reason is not None:
            reason = log.redact(reason)[:_LONGEST_REASON]
        if state == self._value["state"] and reason == self._value["reason"]:
            return
        if state != self._value["state"]:
            self._value["since"] = clock.stamp()
        self._value.update(
            state=state,
            reason=reason,
            culprit=culprit and plain.encode(replace(culprit, reason=log.redact(culprit.reason))),
            waitingFor=None,
            lastLogLines=[log.redact(line)[:_LONGEST_LINE] for line in (log_lines or [])[-_MOST_LINES:]],
        )
        self._note_history()
        self._write()
        log.event(state, reason or "")

    def wait_for(self, what: str, deadline: clock.Deadline, is_progress: bool = False) -> None:
        """Record what is waited for and until when; logs it when it changes.

        `is_progress`: it changes all the time, so it is recorded less and less often, the longer the wait.
        """
        what = log.redact(what)[:_LONGEST_REASON]
        before = self._value["waitingFor"]
        if before is not None and before["what"] == what:
            return
        pause = min(max(_PROGRESS_SECONDS, deadline.elapsed / 5), _PROGRESS_LONGEST_SECONDS)
        recently = clock.monotonic() - self._waiting_noted_at < pause
        if is_progress and before is not None and deadline is self._waiting_until and recently:
            return
        self._waiting_until, self._waiting_noted_at = deadline, clock.monotonic()
        self._value["waitingFor"] = {
            "what": what,
            "since": clock.stamp(deadline.started_at),
            "deadline": clock.stamp(deadline.started_at + deadline.seconds),
            "deadlineSeconds": deadline.seconds,
        }
        self._write()
        log.event(self.state, f"{what} (up to {deadline.left:.0f} s more)")

    def put(self, **values: Any) -> None:
        """Set further fields; written only when something changed."""
        if any(self._value.get(key) != value for key, value in values.items()):
            self._value.update(values)
            self._write()

    def warn(self, warning: str) -> None:
        """Add a warning that stays in the state until the node restarts."""
        warning = log.redact(warning)[:_LONGEST_REASON]
        if warning not in self._value["warnings"] and len(self._value["warnings"]) < _MOST_WARNINGS:
            self._value["warnings"] = [*self._value["warnings"], warning]
            self._write()
            log.event(self.state, f"warning: {warning}")

    def beat(self) -> None:
        """Renew the heartbeat when it is due."""
        if clock.monotonic() - self._written_at >= HEARTBEAT_SECONDS:
            self._write()

    def _note_history(self) -> None:
        entry = {"state": self._value["state"], "at": clock.stamp(), "reason": self._value["reason"]}
        self._value["history"] = [*self._value["history"], entry][-_HISTORY_ENTRIES:]

    def _write(self) -> None:
        self._value["heartbeat"] = clock.stamp()
        # Seconds of the machine's monotonic clock: other programs compare it, whatever the wall clock does.
        self._value["beatUptime"] = round(clock.monotonic(), 3)
        self._value["refused"] = refusals.counts()
        self._written_at = clock.monotonic()
        try:
            write_atomically(self.path, self._value)
            self._problem = ""
        except OSError as error:
            problem = error.strerror or type(error).__name__
            if problem != self._problem:
                log.line(f"the state file {self.path} cannot be written: {problem}")
            self._problem = problem


def _entries(history: object) -> list[dict[str, Any]]:
    """Of an earlier file, which may hold anything."""
    found = history[-_HISTORY_ENTRIES:] if isinstance(history, list) else []
    return [entry for entry in found if isinstance(entry, dict) and isinstance(entry.get("state"), str)]


def request_retry(folder: str) -> None:
    """Ask a head that has failed for a fresh budget of attempts. The folder may not exist yet."""
    try:
        os.makedirs(folder, exist_ok=True)
        write_atomically(os.path.join(folder, _RETRY_REQUEST), {"at": clock.stamp()})
    except OSError as error:
        log.line(f"a retry cannot be asked for in {folder}: {error.strerror or error}")


def take_retry_request(folder: str) -> bool:
    """Remove a retry request; whether there was one."""
    try:
        os.unlink(os.path.join(folder, _RETRY_REQUEST))
    except OSError:
        # There is none, or a disk that has failed keeps it: no reason to end what serves.
        return False
    return True
