"""A cluster of the real node program in a network namespace, with stand-ins for Ray and the engine.

Head and workers are programs in process namespaces of their own below an init, as in containers. `run.py`
gives each attack a network namespace with 10.99.0.0/16 on its loopback interface.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import support
from report import HELPERS, LIBRARY, STAND_INS, loaded, processor_seconds

from ray_node.host import clock

HEAD = "10.99.0.1"
REPORTS = 6378
FILES = 6377
API = f"http://{HEAD}:8000"
STRANGER = "10.99.77.77"
_DEADLINES = {
    "head": 30,
    "membership": 40,
    "hold": 0.3,
    "engine": 60,
    "completion": 20,
    "stop": 6,
    "serving": 120,
}


def add_address(address: str) -> None:
    subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=False, capture_output=True)


class Cluster:
    """Node 0 is the head. `restarts`: start a node again when it ends, as a restart policy does."""

    def __init__(
        self,
        workers: int = 1,
        engine: Sequence[str] | None = None,
        state_root: Callable[[int], Path] | None = None,
        restarts: bool = False,
        **changes: Any,
    ) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="ray-cluster-attack-"))
        self.addresses = [f"10.99.0.{index + 1}" for index in range(workers + 1)]
        for address in self.addresses:
            add_address(address)
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.values: dict[int, dict[str, Any]] = {}
        self.prefix: dict[int, list[str]] = {}
        self.variables: dict[str, str] = {}
        self.ends = 0
        self._restarts = restarts
        self._closing = threading.Event()
        tiny = [sys.executable, str(HELPERS / "fixtures" / "tiny_engine.py"), "--port", "8000"]
        for index, address in enumerate(self.addresses):
            folder = self.root / f"n{index}" if state_root is None else state_root(index)
            folder.mkdir(parents=True, exist_ok=True)
            value = support.changed(
                support.example(),
                {
                    "subnet": "10.99.0.0/16",
                    "head": {"name": "npu-0", "address": HEAD},
                    "node.address": address,
                    "node.name": f"npu-{index}",
                    "node.role": "worker" if index else "head",
                    "node.accelerators.deviceGlob": None,
                    "pools.0.nodes": workers + 1,
                    "pools.0.addresses": self.addresses,
                    "pools.0.nodeNames": [f"npu-{at}" for at in range(workers + 1)],
                    "engine.argv": list(engine or [*tiny, "--break", str(self.root / "break")]),
                    "engine.api.proof.0.expect": "0 of 0 ranks",
                    "deadlines": _DEADLINES,
                    "paths.state": f"{folder}/state",
                    "paths.token": str(self.root / "secrets" / "ray-token"),
                    "paths.engineLog": f"{folder}/log/engine.log",
                },
            )
            self.values[index] = support.changed(value, changes)
            self.write(index)

    def write(self, index: int) -> None:
        import json

        (self.root / f"node{index}.json").write_text(json.dumps(self.values[index]))

    def start(self, index: int, stdout: IO[bytes] | int | None = None) -> "subprocess.Popen[bytes]":
        output = (self.root / f"log{index}.txt").open("ab") if stdout is None else stdout
        argv = [
            *("unshare", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "tini", "--"),
            *self.prefix.get(index, []),
            *(sys.executable, "-m", "ray_node", "start", "--config", str(self.root / f"node{index}.json")),
        ]
        environment = {**os.environ, "PYTHONPATH": f"{LIBRARY}:{STAND_INS}", **self.variables}
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            cwd="/",
        )
        self.processes[index] = process
        return process

    def start_all(self) -> None:
        for index in range(len(self.addresses)):
            if self._restarts:
                threading.Thread(target=self._keep, args=(index,), daemon=True).start()
            else:
                self.start(index)

    def program(self, index: int) -> int | None:
        """The id, seen from outside, of the node program."""
        config = str(self.root / f"node{index}.json").encode()
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
                if words[0] == sys.executable.encode() and b"ray_node" in words and config in words:
                    return int(entry)
        return None

    def kill(self, index: int, number: int = signal.SIGKILL) -> None:
        pid = self.program(index)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def destroy(self, index: int) -> None:
        process = self.processes.get(index)
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def state(self, index: int = 0) -> dict[str, Any]:
        return dict(loaded(Path(self.values[index]["paths"]["state"], f"npu-{index}.json")))

    def beat_age(self, index: int = 0) -> float:
        """Seconds."""
        beat = clock.epoch(self.state(index).get("heartbeat"))
        return 0.0 if beat is None else time.time() - beat

    def until(self, met: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if met():
                return True
            time.sleep(0.05)
        return met()

    def serving(self, seconds: float = 90.0) -> bool:
        return self.until(lambda: self.state().get("state") == "serving", seconds)

    def log(self, index: int = 0) -> str:
        try:
            return (self.root / f"log{index}.txt").read_text(errors="replace")
        except OSError:
            return ""

    def internal_errors(self) -> int:
        return sum(
            self.log(index).count(word)
            for index in self.values
            for word in ("internal error", ", internal", "Traceback")
        )

    def close(self) -> None:
        self._closing.set()
        for index in list(self.processes):
            self.destroy(index)
        shutil.rmtree(self.root, ignore_errors=True)

    def _keep(self, index: int) -> None:
        while not self._closing.is_set():
            self.start(index).wait()
            self.ends += 1
            self._closing.wait(0.3)


def api_answers(timeout_seconds: float = 3.0) -> bool:
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{API}/health", timeout=timeout_seconds) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Watch:
    """What a serving cluster is like while it is attacked: looks every 0.2 s until `end`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._over = threading.Event()
        self.states: set[str] = set()
        self.reasons: list[str] = []
        self.oldest_beat = 0.0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> bool:
        """Whether it has served all the time."""
        self._over.set()
        self._thread.join()
        return self.states == {"serving"}

    def __str__(self) -> str:
        beat = f"heartbeat at most {self.oldest_beat:.1f} s old"
        return f"states {sorted(self.states)}, {beat} {self.reasons[-1:]}"

    def _look(self) -> None:
        while not self._over.wait(0.2):
            found = self._cluster.state()
            self.states.add(str(found.get("state")))
            if found.get("state") != "serving":
                self.reasons.append(str(found.get("reason"))[:150])
            self.oldest_beat = max(self.oldest_beat, self._cluster.beat_age())


def flood(cluster: Cluster, seconds: float, attempt: Callable[[], object]) -> tuple[bool, str]:
    """As many attempts as four threads can make: whether the cluster has served, and what was seen."""
    over, count = threading.Event(), [0]

    def shoot() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError, ValueError):
                attempt()
            count[0] += 1

    pid = cluster.program(0) or 0
    watch, began = Watch(cluster), processor_seconds(pid)
    shooters = [threading.Thread(target=shoot, daemon=True) for _ in range(4)]
    for shooter in shooters:
        shooter.start()
    time.sleep(seconds)
    over.set()
    used = (processor_seconds(pid) - began) / seconds
    told = f"{count[0] / seconds:.0f} a second, {used * 100:.0f} % of a core; {watch}"
    return watch.end() and watch.oldest_beat < 15, told
