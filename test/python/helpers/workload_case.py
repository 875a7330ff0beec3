"""A folder of workloads, and workloads that differ in one value."""

import contextlib
import json
import os
import tempfile
import unittest
from collections.abc import Iterator
from typing import Any
from unittest import mock

import support
from simulated_clock import ManualClock

from ray_node.agent import delivery
from ray_node.agent.workload_folder import WorkloadFolder
from ray_node.agent.workload_store import WorkloadStore
from ray_node.config import workload
from ray_node.config.workload import NumberedWorkload

EXAMPLE = support.ROOT / "test" / "fixtures" / "workload.json"
CLUSTER = "local-2x8"


def example() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return value


def numbered(changes: dict[str, Any] | None = None) -> NumberedWorkload:
    return workload.parse(json.dumps(support.changed(example(), changes or {})).encode(), CLUSTER)


#: Three workloads of one cluster.
A, B, C = (numbered({"engine.name": name}) for name in ("a", "b", "c"))


class Killed(BaseException):
    """Stands for SIGKILL: nobody handles it."""


@contextlib.contextmanager
def killed_before(call: int) -> Iterator[list[str]]:
    """The process dies before its `call`-th change of the disk; yields what it did before, as it does it."""
    done: list[str] = []

    def counted(name: str) -> Any:
        real = getattr(os, name)

        def run(*arguments: Any) -> Any:
            if len(done) + 1 == call:
                raise Killed
            done.append(name)
            return real(*arguments)

        return mock.patch.object(os, name, run)

    with counted("fsync"), counted("replace"), counted("unlink"):
        yield done


class WorkloadCase(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = ManualClock(self, 1_700_000_000.0)
        # No test outlives a power failure, and the disk may be slow.
        patch = mock.patch.object(os, "fsync", lambda number: None)
        patch.start()
        self.addCleanup(patch.stop)
        self.renew()

    def renew(self) -> None:
        """An empty folder."""
        state = tempfile.TemporaryDirectory()
        self.addCleanup(state.cleanup)
        self.folder = WorkloadFolder(state.name, CLUSTER)

    def deliver(self, given: NumberedWorkload, holder: str = "ann") -> None:
        delivery.deliver(self.folder, given, holder)

    def serve(self, *rolled_out: NumberedWorkload) -> WorkloadStore:
        """A head that has rolled these out, one after the other."""
        store = WorkloadStore(self.folder)
        for given in rolled_out:
            self.deliver(given)
            store.take(None)
            store.advance("switching")
            store.accept("hello")
        store.take(None)
        return store

    def files(self) -> set[str]:
        return set(os.listdir(self.folder.path))
