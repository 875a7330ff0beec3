"""Whether all nodes see the same shared storage: the head writes a mark, every other node looks for it."""

import contextlib
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ray_node.hardware.finding import Finding
from ray_node.host import clock, mounts
from ray_node.preflight.facts import NodeFacts

CHECK = "shared storage"
WRITE = "write"
LOOK = "look"
REMOVE = "remove"
_PREFIX = ".ray-cluster-mark-"
#: A name that nobody has asked for is in no cache, but a slow share may take a moment.
_LOOK_SECONDS = 20.0
_LOOK_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class FolderTask:
    action: str
    #: The model's folder for `write`, the mark for the others.
    path: str


@dataclass(frozen=True)
class SeenFolder:
    """`mark` is its path, `None`: there is none, or it does not show."""

    mark: str | None
    #: The file system of the folder here, in words.
    file_system: str
    error: str | None = None


def perform(task: FolderTask, root: str = "/") -> SeenFolder:
    """On a node. `root` is `/` but in tests."""
    prefix = root.rstrip("/")
    if task.action == WRITE:
        return _write(prefix, task.path)
    if task.action == REMOVE:
        with contextlib.suppress(OSError):
            os.unlink(prefix + task.path)
        return SeenFolder(None, "")
    deadline = clock.Deadline(_LOOK_SECONDS)
    while not os.path.exists(prefix + task.path) and not deadline.passed:
        clock.sleep(_LOOK_POLL_SECONDS)
    found = os.path.exists(prefix + task.path)
    return SeenFolder(task.path if found else None, mounts.describe(prefix + os.path.dirname(task.path)))


def _write(prefix: str, folder: str) -> SeenFolder:
    """In the model's folder, or in the next one above it that exists."""
    while not os.path.isdir(prefix + folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    words = mounts.describe(prefix + folder)
    mark = os.path.join(folder, _PREFIX + secrets.token_hex(8))
    try:
        with open(prefix + mark, "x", encoding="ascii") as file:
            file.write("Written by a cluster's check of shared storage; may be deleted.\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return SeenFolder(None, words, error.strerror or str(error))
    return SeenFolder(mark, words)


def judge(
    facts: Sequence[NodeFacts], head: SeenFolder, others: Mapping[str, SeenFolder], folder: str
) -> list[Finding]:
    """`others` by address. Where several do not see the mark, and nobody does, the head is the odd one."""
    first, *rest = facts
    if head.mark is None:
        seen = f"the head cannot write into {folder} ({head.error}): not compared"
        return [first.subject.warning(CHECK, seen, "see that every node has mounted the same storage")]
    asked = [node for node in rest if node.address in others]
    blind = [node for node in asked if others[node.address].mark is None]
    fix = "mount the same storage on all nodes before their containers start, and restart this container"
    place = os.path.dirname(head.mark)
    if len(blind) == len(asked) > 1:
        words = ", ".join(sorted({others[node.address].file_system for node in blind}))
        there = f"it is {head.file_system} here, {words} there"
        seen = f"no other node sees what the head writes into {place}: {there}"
        return [first.subject.failed(CHECK, seen, fix)]
    findings = [
        node.subject.failed(
            CHECK,
            f"{place} is not the head's: it is {others[node.address].file_system} here, "
            f"{head.file_system} on the head",
            fix,
        )
        for node in blind
    ]
    return [*findings, *(node.subject.ok(CHECK, place) for node in asked if node not in blind)]
