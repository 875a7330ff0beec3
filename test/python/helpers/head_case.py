"""A head without Ray: a node table that the test writes, real reports and a small engine."""

import tempfile
import threading
import unittest
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import simulated_clock
import simulated_engines
import simulated_process
import support
from simulated_process import Program

from ray_node.agent import state
from ray_node.agent.head import Head
from ray_node.channel import report_client
from ray_node.channel.report import NodeReport
from ray_node.channel.tasks import TaskRunner
from ray_node.cluster import token
from ray_node.cluster.membership import SeenNode
from ray_node.config.load import parse
from ray_node.config.workload import Workload
from ray_node.host import clock
from ray_node.host.versions import Versions

VERSIONS = Versions("2.58.0", "3.11.2")


class FakeReader:
    """Stands for the child that reads Ray's node table."""

    nodes: tuple[SeenNode, ...] = ()
    has_answered = True
    silent_seconds = 0.0

    def __init__(self, gcs_address: str, environment: Mapping[str, str]) -> None:
        self.environment = environment

    def tick(self) -> None:
        """Nothing to start again."""

    def stop(self) -> None:
        """Nothing to stop."""


class HeadWithoutRay(Head):
    ray_starts = 0
    #: Besides the one of node.json.
    others: ClassVar[dict[str, Workload]] = {}

    def workload_of(self, number: str) -> Workload:
        return self.others.get(number) or super().workload_of(number)

    def start_ray(self) -> None:
        self.ray_starts += 1


def seen(address: str, npus: float = 8, alive: bool = True, node_id: str = "") -> SeenNode:
    name = "npu-0" if address == support.HEAD else "npu-1"
    return SeenNode(node_id or address, alive, address, name, {"NPU": npus})


WHOLE = (seen(support.HEAD), seen(support.WORKER))


class HeadCase(unittest.TestCase):
    #: How far the worker's clock is ahead.
    skew_seconds = 0.0
    #: What the worker does with the head's tasks; `None`: it does none.
    tasks: TaskRunner | None = None
    #: Time and engines are simulated; else both are real.
    simulated: ClassVar[bool] = False

    def setUp(self) -> None:
        if self.simulated:
            simulated_clock.install(self)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.printed: list[str] = []
        self.code: list[int] = []
        if self.simulated:
            simulated_process.install(self, self.programs())
        self.reported = replace(
            NodeReport("local-2x8", "npu-1", "npu", support.WORKER, "joined", None, VERSIONS, 8, 8, 0.0)
        )
        FakeReader.nodes = ()
        FakeReader.silent_seconds = 0.0
        for patch in (
            mock.patch("ray_node.agent.cluster_view.MembershipReader", FakeReader),
            mock.patch("ray_node.host.versions.installed", return_value=VERSIONS),
            mock.patch("ray_node.agent.supervisor.FAILED_PAUSE_SECONDS", 0.3),
            mock.patch("ray_node.agent.cluster_track._DEFINITE_SECONDS", 0.5),
            mock.patch("ray_node.host.log.line", self.printed.append),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def programs(self) -> dict[str, Program]:
        """What is simulated, by the name of the program file."""
        return {"tiny_engine.py": simulated_engines.tiny}

    def start(self, engine: list[str] | None = None, reports: bool = True, **changes: Any) -> None:
        self.config = parse(support.on_loopback(self.folder, engine, **changes))
        self.path = state.path_of(self.config.paths.state, "npu-0")
        self.head = HeadWithoutRay(self.config)
        self.thread = threading.Thread(target=lambda: self.code.append(self.head.life()))
        self.thread.start()
        if reports:
            worker = threading.Thread(target=self.keep_reporting)
            worker.start()
            self.addCleanup(support.join, worker)
        self.addCleanup(self.end)

    def end(self) -> None:
        self.head.stopping.set()
        support.join(self.thread)

    def keep_reporting(self) -> None:
        while not self.head.stopping.is_set():
            if self.head.view is not None:
                self.report()
            clock.sleep(0.3)

    def report(self) -> report_client.Exchange:
        result = self.tasks.result if self.tasks is not None else None
        message = replace(self.reported, wall_clock=clock.wall() + self.skew_seconds, result=result)
        value = token.ensure(self.config.paths.token)
        exchange = report_client.post(message, support.HEAD, self.config.ports.node_report, value)
        # A node does nothing for the head before it reads that Ray lists it.
        if self.tasks is not None and exchange.answer is not None and exchange.answer.alive:
            self.tasks.take(exchange.answer.task)
        return exchange

    def until(self, wanted: str, after: float = 0.0) -> dict[str, Any]:
        return support.await_state(self.path, wanted, after=after)

    def states(self) -> list[str]:
        found = state.read(self.path) or {"history": []}
        return [entry["state"] for entry in found["history"]]

    def passes(self, wanted: str) -> None:
        """Until the state has been there, also for a moment."""
        support.await_that(lambda: wanted in self.states(), self.states)
