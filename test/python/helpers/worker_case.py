"""A worker without Ray: the test plays the head with a real report server and a real listening port."""

import socket
import tempfile
import threading
import unittest
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import simulated_clock
import simulated_process
import support
from simulated_process import Program, SimulatedProcess, stay

from ray_node.agent import state
from ray_node.agent.worker import Worker
from ray_node.channel.report import HeadAnswer, NodeReport
from ray_node.channel.report_server import ReportBook, ReportServer
from ray_node.channel.routes import Reply, Request
from ray_node.channel.tasks import Task
from ray_node.cluster import token
from ray_node.config.load import parse
from ray_node.config.schema import NodeConfig
from ray_node.host.address import LocalAddress
from ray_node.host.versions import Versions

VERSIONS = Versions("2.58.0", "3.11.2")


def ray(process: SimulatedProcess) -> int:
    """Stands for `ray start --block`: opens the node manager's port and stays."""
    address, port = process.argv[1:]
    listener = socket.create_server((address, int(port)))
    process.hold(listener.close)
    return stay(process)


class WorkerCase(unittest.TestCase):
    #: Time is simulated; else it is real.
    simulated: ClassVar[bool] = False

    def setUp(self) -> None:
        if self.simulated:
            simulated_clock.install(self)
        simulated_process.install(self, self.programs())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.code: list[int] = []
        self.session = "s1"
        self.head_state = "joined"
        self.head_versions = VERSIONS
        self.alive: bool | None = True
        self.task: Task | None = None
        self.leave: str | None = None
        self.configure()
        for index in range(6):
            (self.folder / f"davinci{index}").touch()
        self.path = state.path_of(self.config.paths.state, "npu-1")
        for patch in (
            mock.patch("ray_node.host.versions.installed", return_value=VERSIONS),
            mock.patch(
                "ray_node.host.address.local_addresses",
                # All of 127.0.0.0/8 can be bound, only the first is listed.
                return_value=[LocalAddress("lo", support.HEAD), LocalAddress("lo", support.WORKER)],
            ),
            mock.patch("ray_node.agent.supervisor.FAILED_PAUSE_SECONDS", 0.5),
            mock.patch("ray_node.agent.worker.INTERVAL_SECONDS", 0.1),
            mock.patch("ray_node.agent.head_orders.INTERVAL_SECONDS", 0.1),
            mock.patch("ray_node.agent.worker._ABSENT_SECONDS", 0.5),
            mock.patch("ray_node.cluster.ray_process.argv", side_effect=self.ray_argv),
            mock.patch("ray_node.host.log.line"),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def programs(self) -> dict[str, Program]:
        """What is simulated, by the name of the program file."""
        return {"ray": ray}

    def configure(self, **changes: Any) -> None:
        self.config = parse(
            support.on_loopback(
                self.folder,
                node__role="worker",
                node__name="npu-1",
                node__address=support.WORKER,
                node__accelerators={
                    "planned": 8,
                    "devices": None,
                    "resource": "NPU",
                    "deviceGlob": str(self.folder / "davinci[0-9]*"),
                    "visibleDevicesVariable": None,
                },
                **changes,
            )
        )

    def ray_argv(self, *_: Any, **__: Any) -> list[str]:
        return ["ray", support.WORKER, str(self.config.ports.node_manager)]

    def play_head(self, value: str | None = None) -> None:
        """The report port with the token `value` (default: the one in the file), then Ray's port."""
        value = value or token.ensure(self.config.paths.token)
        self.book = ReportBook(self.config.network, self.config.cluster, value)
        port = self.config.ports.node_report
        self.server = ReportServer(support.HEAD, port, self.book, self.answer, workload=self.give_workload)
        self.addCleanup(self.server.close)
        self.gcs = socket.create_server((support.HEAD, self.config.ports.gcs))
        self.addCleanup(self.gcs.close)

    def give_workload(self, request: Request) -> Reply:
        """What the head answers to `GET /workload/<number>`."""
        return Reply(404, b"no such workload")

    def answer(self, received: NodeReport) -> HeadAnswer:
        return HeadAnswer(
            *(self.session, self.head_state, "why", self.head_versions, self.alive, "a verdict"),
            task=self.task,
            leave=self.leave,
        )

    def start(self) -> None:
        self.worker = Worker(self.config)
        self.thread = threading.Thread(target=lambda: self.code.append(self.worker.life()))
        self.thread.start()
        self.addCleanup(self.end)

    def with_deadline(self, **seconds: float) -> NodeConfig:
        return replace(self.config, deadlines=replace(self.config.deadlines, **seconds))

    def end(self) -> None:
        self.worker.stopping.set()
        support.join(self.thread)

    def ended(self) -> dict[str, Any]:
        support.join(self.thread)
        self.assertEqual(self.code, [1])
        return state.read(self.path) or {}

    def shows(self, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:

        def shown() -> bool:
            found = state.read(self.path)
            return found is not None and met(found)

        support.await_that(shown, lambda: state.read(self.path))
        return state.read(self.path) or {}
