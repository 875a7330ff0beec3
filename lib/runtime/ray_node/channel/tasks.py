"""Tasks that the head gives to nodes: an answer to a report carries the task, a later report its result.

Nothing ever connects to a node.
"""

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ray_node.channel.plain import Name, Reason
from ray_node.host.background import Background

Handlers = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]

#: A report must stay below what the server takes.
_MAXIMUM_RESULT_BYTES = 192 * 1024


@dataclass(frozen=True)
class Task:
    """`kind` names a handler of the node; `body` is its argument."""

    id: Name
    kind: Name
    body: dict[str, Any]


@dataclass(frozen=True)
class TaskResult:
    """`error`: why the task could not be done; `body` is then empty."""

    id: Name
    body: dict[str, Any]
    error: Reason | None = None


def perform(handlers: Handlers, task: Task) -> TaskResult:
    """A handler that fails gives a result, too, and the head names the node."""
    handler = handlers.get(task.kind)
    if handler is None:
        return TaskResult(task.id, {}, f"this node program has no task '{task.kind}'")
    try:
        body = handler(task.body)
        size = len(json.dumps(body))
    except Exception as error:
        return TaskResult(task.id, {}, f"{type(error).__name__}: {error}"[:2000])
    if size > _MAXIMUM_RESULT_BYTES:
        return TaskResult(task.id, {}, f"the result has {size} bytes, {_MAXIMUM_RESULT_BYTES} can be sent")
    return TaskResult(task.id, body)


class TaskBoard:
    """The head's side: which node has which task, and what came back. Safe for several threads."""

    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._results: dict[str, TaskResult] = {}
        self._lock = threading.Lock()

    def assign(self, kind: str, bodies: Mapping[str, dict[str, Any]]) -> None:
        """One task of this kind for each address, in place of all earlier tasks."""
        batch = secrets.token_hex(8)
        with self._lock:
            self._tasks = {address: Task(batch, kind, body) for address, body in bodies.items()}
            self._results = {}

    def clear(self) -> None:
        self.assign("", {})

    def missing(self) -> list[str]:
        """Addresses whose result has not come."""
        with self._lock:
            return [address for address in self._tasks if address not in self._results]

    def results(self) -> dict[str, TaskResult]:
        with self._lock:
            return dict(self._results)

    def exchange(self, address: str, result: TaskResult | None) -> Task | None:
        """Take what the node reported; what it is to do now. A result that comes again changes nothing."""
        with self._lock:
            task = self._tasks.get(address)
            if task is not None and result is not None and result.id == task.id:
                self._results.setdefault(address, result)
            return None if address in self._results else task


class TaskRunner:
    """A node's side: one task at a time, beside the node's loop. `done` is called in the task's thread."""

    def __init__(self, handlers: Handlers, done: Callable[[], None]) -> None:
        self._handlers = handlers
        self._done = done
        self._running: Background[None] | None = None
        #: Reported until the head has taken it.
        self.result: TaskResult | None = None

    def take(self, task: Task | None) -> None:
        """Act on the head's last answer."""
        if self._running is not None and not self._running.done:
            return
        if self.result is not None and (task is None or task.id != self.result.id):
            self.result = None
        if task is not None and self.result is None:
            self._running = Background(lambda: self._perform(task))

    def _perform(self, task: Task) -> None:
        self.result = perform(self._handlers, task)
        self._done()
