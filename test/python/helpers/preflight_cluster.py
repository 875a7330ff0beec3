"""A preflight of two nodes on the loopback: the head's run, the worker's runner, the report port between."""

import ipaddress
import time
import unittest
from collections.abc import Mapping
from typing import Any

import support

from ray_node.channel.errand_desk import ErrandDesk
from ray_node.channel.errand_runner import ErrandRunner
from ray_node.channel.report_server import ReportBook, ReportServer
from ray_node.config import load as config
from ray_node.config.preflight_config import ImageConfig, PreflightConfig, RankTableConfig
from ray_node.hardware.finding import PreflightReport
from ray_node.preflight import errands as preflight_errands
from ray_node.preflight.run import Participant, PreflightRun

TABLE = "/etc/ray-cluster/rank-table.json"
DIGEST = "sha256:" + "a" * 64


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
    }
    return PreflightConfig(**{**values, **changes})


def table() -> RankTableConfig:
    return RankTableConfig(TABLE, "1.0", 16666)


class PreflightCluster:
    """`plans` and `roots` of head and worker; they may differ, as on broken clusters."""

    def __init__(
        self,
        case: unittest.TestCase,
        plans: tuple[PreflightConfig, PreflightConfig],
        roots: tuple[str, str] = ("/", "/"),
        devices: int = 4,
        environment: Mapping[str, str] | None = None,
        silent_worker: bool = False,
    ) -> None:
        (port, self._rendezvous) = support.free_ports(2)
        desk = ErrandDesk("c")
        book = ReportBook(ipaddress.IPv4Network("127.0.0.0/8"), "c", "secret")
        server = ReportServer(support.HEAD, port, book, _no_reports, desk)
        case.addCleanup(server.close)
        value = support.changed(support.example(), {"node.accelerators.planned": devices})
        loaded = config.parse(value)
        env = environment or {}
        own = preflight_errands.handlers(loaded, plans[0], "npu-0", support.HEAD, env, roots[0])
        theirs = preflight_errands.handlers(loaded, plans[1], "npu-1", support.WORKER, env, roots[1])
        if not silent_worker:
            runner = ErrandRunner(
                "c", "npu-1", support.WORKER, (support.HEAD, port), "secret", theirs, lambda: True
            )
            case.addCleanup(runner.close)
        self.told: list[str] = []
        participants = [
            Participant("npu-0", support.HEAD, devices),
            Participant("npu-1", support.WORKER, devices),
        ]
        self.run = PreflightRun(plans[0], participants, desk, own, self._rendezvous, _pause, self.told.append)

    def report(self) -> PreflightReport:
        return self.run.run()


def _pause(seconds: float) -> None:
    time.sleep(seconds)


def _no_reports(_: Any) -> Any:
    raise AssertionError("no report was sent")
