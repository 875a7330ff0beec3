"""Uptime in fast motion: the real head with clocks 600 times as fast, an engine, and a worker that reports.

Each 3 hours the worker restarts, each 7 hours the engine ends. 30 days take 72 minutes; `--days=N`.
Right: memory, descriptors, threads and the state file do not grow.
"""

import os
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import support
from head_case import WHOLE, FakeReader, HeadWithoutRay, seen
from report import Attacks, descriptors, resident_mib, threads

from ray_node.agent import state
from ray_node.channel import report_client
from ray_node.channel.report import NodeReport
from ray_node.cluster import token
from ray_node.config.load import parse
from ray_node.host import clock, log
from ray_node.host.clock import Clock
from ray_node.host.versions import Versions

FACTOR = 600.0
DAYS = next((float(word.partition("=")[2]) for word in sys.argv if word.startswith("--days=")), 30.0)
VERSIONS = Versions("2.58.0", "3.11.2")
_HOUR = 3600.0


class FastClock(Clock):
    def __init__(self) -> None:
        self._began = time.monotonic()
        self._wall = time.time()

    @property
    def passed(self) -> float:
        return (time.monotonic() - self._began) * FACTOR

    def monotonic(self) -> float:
        return self._began + self.passed

    def wall(self) -> float:
        return self._wall + self.passed

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / FACTOR)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds / FACTOR)


def main() -> None:
    attacks, fast = Attacks("uptime in fast motion"), FastClock()
    clock.use(fast)
    folder = Path(tempfile.mkdtemp(prefix="ray-cluster-soak-"))
    lines = [0]

    def count(_: str) -> None:
        lines[0] += 1

    mock.patch("ray_node.agent.cluster_view.MembershipReader", FakeReader).start()
    mock.patch("ray_node.host.versions.installed", return_value=VERSIONS).start()
    mock.patch.object(log, "line", count).start()
    mock.patch.object(log, "raw", count).start()
    FakeReader.nodes = WHOLE
    value = support.on_loopback(folder)
    value["deadlines"].update(
        head=3000, membership=30_000, engine=60_000, completion=30_000, stop=3000, serving=60_000
    )
    value["retries"]["engineStarts"] = 20
    config = parse(value)
    head = HeadWithoutRay(config)
    life = threading.Thread(target=head.life, daemon=True)
    life.start()
    report = NodeReport("local-2x8", "npu-1", "npu", support.WORKER, "joined", None, VERSIONS, 8, 8, 0.0)
    over = threading.Event()

    def keep_reporting() -> None:
        port = config.ports.node_report
        while not over.wait(0.01):
            if head.view is not None:
                message = replace(report, wall_clock=clock.wall())
                report_client.post(message, support.HEAD, port, token.ensure(config.paths.token))

    threading.Thread(target=keep_reporting, daemon=True).start()
    path = state.path_of(config.paths.state, "npu-0")
    rows: list[tuple[float, float, int, int, int]] = []
    restarts, next_worker, next_engine = 0, 3 * _HOUR, 7 * _HOUR
    while fast.passed < DAYS * 24 * _HOUR:
        time.sleep(5)
        if fast.passed > next_worker:
            next_worker, restarts = next_worker + 3 * _HOUR, restarts + 1
            FakeReader.nodes = (seen(support.HEAD), seen(support.WORKER, node_id=f"w{restarts}"))
        if fast.passed > next_engine:
            next_engine += 7 * _HOUR
            (folder / "break").write_text("exit")
            time.sleep(1)
            (folder / "break").unlink()
        size = os.path.getsize(path) if os.path.exists(path) else 0
        rows.append((fast.passed / 24 / _HOUR, resident_mib(), descriptors(), threads(), size))
    first, last = rows[len(rows) // 3], rows[-1]
    grown = (last[1] - first[1]) / max(last[0] - first[0], 0.01)
    told = f"{last[0]:.1f} days: {grown:+.2f} MiB a day, descriptors {first[2]} -> {last[2]}, threads "
    told += f"{first[3]} -> {last[3]}, state {last[4]} B, {lines[0]} log lines, {restarts} restarts"
    steady = grown < 0.5 and last[2] - first[2] < 5 and last[3] - first[3] < 5 and last[4] < 1 << 20
    attacks.result("nothing grows", steady, told)
    served = (state.read(path) or {}).get("state")
    attacks.result("it lives to the end", life.is_alive(), f"ends {served}")
    over.set()
    head.stopping.set()
    life.join(20)
    shutil.rmtree(folder, ignore_errors=True)
    attacks.end()


if __name__ == "__main__":
    main()
