"""Nodes that report to a real head: `report_load.py <nodes> <interval> <seconds>`, prints what the head takes as JSON.

Ray and the engine are stand-ins, the head and the reports' client are the node program's own. Every node has
an address of the loopback network and a connection that stays, as a worker has.
"""

import heapq
import json
import multiprocessing
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / path) for path in ("lib/runtime", "test/python/helpers")]

import support  # noqa: E402

from ray_node.channel import plain, report  # noqa: E402
from ray_node.channel.client import Client, Line, Unanswered  # noqa: E402
from ray_node.channel.report import NodeReport  # noqa: E402
from ray_node.host.versions import Versions, installed  # noqa: E402

_LOADERS = 2
_FORM_SECONDS = 240.0


def main() -> None:
    nodes, interval, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    folder = Path(tempfile.mkdtemp(prefix="ray-cluster-bench-"))
    try:
        print(json.dumps(measure(folder, nodes, interval, seconds)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(folder: Path, nodes: int, interval: float, seconds: float) -> dict[str, float]:
    addresses = [support.HEAD, *(f"127.1.{at // 250}.{at % 250 + 1}" for at in range(nodes))]
    value = support.on_loopback(
        folder, pools__0__addresses=addresses, pools__0__nodes=len(addresses), pools__0__nodeNames=None
    )
    value["deadlines"].update(membership=_FORM_SECONDS, serving=_FORM_SECONDS)
    config, state = folder / "node.json", folder / "state" / "npu-0.json"
    config.write_text(json.dumps(value))
    paths = os.pathsep.join(str(ROOT / path) for path in ("lib/runtime", "test/attacks/stand_ins"))
    head = subprocess.Popen(
        [sys.executable, "-m", "ray_node", "start", "--config", str(config)],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        return _measured(head, value, addresses, state, (interval, seconds))
    finally:
        head.terminate()
        head.wait(30)


def _measured(
    head: "subprocess.Popen[bytes]",
    value: dict[str, Any],
    addresses: list[str],
    state: Path,
    times: tuple[float, float],
) -> dict[str, float]:
    interval, seconds = times
    token_file = Path(value["paths"]["token"])
    _until(token_file.exists, 30)
    token, ports = token_file.read_text(), value["ports"]
    joined = _join(ports["gcs"], addresses[1:])
    stop, told = multiprocessing.Event(), multiprocessing.Queue()  # type: Any, Queue[Any]
    named = [(address, f"npu-{at}") for at, address in enumerate(addresses)][1:]
    loaders = [
        multiprocessing.Process(
            target=_load, args=(named[at::_LOADERS], ports["nodeReport"], token, interval, stop, told)
        )
        for at in range(_LOADERS)
    ]
    began = time.monotonic()
    for loader in loaders:
        loader.start()
    _until(lambda: _state_of(state) == "serving", _FORM_SECONDS)
    formed = time.monotonic() - began
    time.sleep(2 * interval)
    used, since = _processor_seconds(head.pid), time.monotonic()
    time.sleep(seconds)
    share = (_processor_seconds(head.pid) - used) / (time.monotonic() - since)
    stop.set()
    taken, failed = [], 0
    for _ in loaders:
        times_of_one, failed_of_one = told.get()
        taken += times_of_one
        failed += failed_of_one
    for loader in loaders:
        loader.join()
    joined.close()
    taken.sort()
    return {
        "percent": round(share * 100, 1),
        "formedSeconds": round(formed, 1),
        "reports": len(taken),
        "failed": failed,
        "p99Milliseconds": round(taken[int(len(taken) * 0.99)] * 1000, 1),
        "stateKilobytes": round(state.stat().st_size / 1000),
        "isServing": float(_state_of(state) == "serving"),
    }


def _join(port: int, addresses: list[str]) -> socket.socket:
    """All workers are in the stand-in's table of nodes."""
    found: list[socket.socket] = []

    def connect() -> bool:
        try:
            found.append(socket.create_connection((support.HEAD, port), 5))
        except OSError:
            return False
        return True

    _until(connect, 30)
    for at, address in enumerate(addresses, start=1):
        resources = {"NPU": 8}
        node = {"NodeID": f"{at:016x}", "Alive": True, "NodeManagerAddress": address, "NodeName": f"npu-{at}"}
        found[0].sendall(json.dumps({"node": {**node, "Resources": resources}}).encode() + b"\n")
        found[0].recv(16)
    return found[0]


def _load(named: list[tuple[str, str]], port: int, token: str, interval: float, stop: Any, told: Any) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    versions = installed() or Versions("2.58.0", sys.version.split()[0])
    lines: dict[str, Line] = {}
    taken: list[float] = []
    failed = 0
    start = time.monotonic()
    due = [(start + random.random() * interval, address, name) for address, name in named]
    heapq.heapify(due)
    while not stop.is_set():
        at, address, name = due[0]
        left = at - time.monotonic()
        if left > 0:
            time.sleep(min(left, 0.05))
            continue
        heapq.heapreplace(due, (max(at + interval, time.monotonic()), address, name))
        line = lines.setdefault(address, Client(address, token).line((support.HEAD, port)))
        message = NodeReport(
            *("local-2x8", name, "npu", address, "joined", None, versions, 8, 8, time.time())
        )
        began = time.monotonic()
        try:
            answer = line.send("POST", report.PATH, 5.0, plain.to_message(message))
            answer.read(1 << 20)
            failed += answer.status != 200
        except Unanswered:
            failed += 1
        taken.append(time.monotonic() - began)
    told.put((taken, failed))


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _state_of(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["state"])
    except (OSError, ValueError):
        return ""


def _until(met: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            raise SystemExit(f"not within {seconds:.0f} s")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
