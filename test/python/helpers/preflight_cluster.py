"""A preflight of two nodes on the loopback: the head's run, the worker's tasks, the report port between."""

import ipaddress
import unittest
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import simulated_clock
import support

from ray_node.channel.report import HeadAnswer, NodeReport
from ray_node.channel.report_client import Reporter
from ray_node.channel.report_server import ReportBook, ReportServer
from ray_node.channel.tasks import TaskBoard, TaskRunner
from ray_node.config.load import parse
from ray_node.config.preflight_config import ImageConfig, PreflightConfig, RankTableConfig
from ray_node.hardware.finding import PreflightReport
from ray_node.host import clock, steps
from ray_node.host.versions import Versions
from ray_node.preflight import tasks as preflight_tasks
from ray_node.preflight.run import Participant, PreflightRun

TABLE = "/etc/ray-cluster/rank-table.json"
DIGEST = "sha256:" + "a" * 64
VERSIONS = Versions("2.58.0", "3.11.2")


def wanted(**changes: Any) -> PreflightConfig:
    values: dict[str, Any] = {
        "fabric": "roce",
        "collective": "hccl",
        "board": "a2",
        "devices": "real",
        "image": ImageConfig(None, "/absent/image-digest"),
        "device_ips": {},
        "tolerated": (),
        "rank_table": None,
        "memory_share": 0.9,
        "minimum_driver": None,
    }
    return PreflightConfig(**{**values, **changes})


def table() -> RankTableConfig:
    return RankTableConfig(TABLE, "1.0", 16666)


class PreflightCluster:
    """`plans` and `roots` of head and worker; they may differ, as on broken clusters.

    On a simulated clock, unless what the nodes do needs the time of both at once.
    """

    def __init__(
        self,
        case: unittest.TestCase,
        plans: tuple[PreflightConfig, PreflightConfig],
        roots: tuple[str, str] = ("/", "/"),
        devices: int = 4,
        environment: Mapping[str, str] | None = None,
        silent_worker: bool = False,
        simulated: bool = True,
        shared_folder: str | None = None,
    ) -> None:
        if simulated:
            simulated_clock.install(case)
        (port, rendezvous) = support.free_ports(2)
        self._board = TaskBoard()
        book = ReportBook(ipaddress.IPv4Network("127.0.0.0/8"), "c", "secret")
        server = ReportServer(support.HEAD, port, book, self._answer)
        case.addCleanup(server.close)
        value = support.changed(support.example(), {"node.accelerators.planned": devices})
        first, second = (replace(parse(value), preflight=plan) for plan in plans)
        env = environment or {}
        own = preflight_tasks.handlers(first, "npu-0", support.HEAD, env, roots[0])
        theirs = preflight_tasks.handlers(second, "npu-1", support.WORKER, env, roots[1])
        self._runner = TaskRunner(theirs, lambda: self._reporter.now())
        self._reporter = Reporter(self._report, support.HEAD, port, "secret")
        self._reporter.interval_seconds = 0.05
        case.addCleanup(self._reporter.close)
        self._is_silent = silent_worker
        self.logged: list[str] = []
        participants = [
            Participant("npu-0", support.HEAD),
            Participant("npu-1", support.WORKER),
        ]
        self.run = PreflightRun(
            plans[0], participants, self._board, own, rendezvous, self.logged.append, shared_folder
        )

    def report(self) -> PreflightReport:
        return steps.drive(self.run.run(), self._pause)

    def _answer(self, received: NodeReport) -> HeadAnswer:
        task = self._board.exchange(received.address, received.result)
        return HeadAnswer("s", "checking", None, VERSIONS, True, "member", task=task)

    def _report(self) -> NodeReport:
        result = self._runner.result
        return NodeReport(
            *("c", "npu-1", "npu", support.WORKER, "joined", None, VERSIONS, 4, 4, 0.0), result=result
        )

    def _pause(self, seconds: float) -> None:
        clock.sleep(seconds)
        answer = self._reporter.last_answer
        if answer is not None and not self._is_silent:
            self._runner.take(answer.task)
